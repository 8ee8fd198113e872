"""How a worker begins: ``python -P start.py``, with the package that lies around this file, wherever it is started.

``python -m`` would put the working folder before everything else, and with it whatever in there is called like a module
of a library: it would be run, or break the worker.
"""

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


if __name__ == "__main__":
    _take_package_around()
    from builder.study.workers.worker import main

    main()
