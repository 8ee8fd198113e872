"""How workers of this machine begin: ``python -P start.py ADDRESS OPTION…`` is ``dask worker``, with our package.

``dask worker`` itself would find ``builder`` by the path, and processes that it starts look into the working folder
first: whatever in there is called like a module of a library would be run, or break the worker. A process that Dask
starts imports this file once more, so that it takes the package from around it too.
"""

import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path


def _take_package_around() -> None:
    """Import ``builder`` from where this file lies, without a change to where other packages are found."""
    folder = Path(__file__).resolve().parents[2]
    spec = spec_from_file_location("builder", folder / "__init__.py", submodule_search_locations=[str(folder)])
    assert spec is not None, "it is a package"
    assert spec.loader is not None, "the same"
    sys.modules["builder"] = module = module_from_spec(spec)
    spec.loader.exec_module(module)


if "builder" not in sys.modules:
    _take_package_around()

if __name__ == "__main__":
    from distributed.cli.dask_worker import main

    os.environ["PYTHONSAFEPATH"] = "1"  # for the processes that it starts
    main()
