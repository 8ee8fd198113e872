"""Settings of all tests: none of them asserts how long something takes, which a busy machine decides."""

from hypothesis import settings

settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")
