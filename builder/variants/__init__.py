"""A base page and a few lines about what may go where, turned into a stream of variants.

Each variant is a small page that extends the base, with a name that says what it is; equal ones are merged and all are
priced before anything is built. The package itself can be called: ``builder.variants("alexnet", {...})``.
"""

import sys
from types import ModuleType

from builder.variants.asking import variants
from builder.variants.enumeration import MAX_VARIANTS, Variant, Variants
from builder.variants.sampling import Sample

__all__ = ["MAX_VARIANTS", "Sample", "Variant", "Variants", "variants"]


class _Callable(ModuleType):
    """A module that does what its function of the same name does.

    https://docs.python.org/3/reference/datamodel.html#customizing-module-attribute-access
    """

    __call__ = staticmethod(variants)


sys.modules[__name__].__class__ = _Callable
