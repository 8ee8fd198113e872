"""Settings of all tests, and the fixtures that every room uses."""

import os

from hypothesis import settings

# Before torch is imported, and for the processes that tests start: so small networks mostly wait for a second thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.command_line import archcli, no_pictures, trained  # noqa: F401 - fixtures, after the line above
from tests.real_data import cifar10  # noqa: F401 - the same

# No test asserts how long something takes, which a busy machine decides.
settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")
