"""The language as a whole is tried with the same pages as its lowering."""

from tests.lowering.conftest import answers, graph_of, mistakes_of  # noqa: F401 - fixtures
