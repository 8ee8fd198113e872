"""A base page and a few lines about what may go where, turned into a stream of variants.

Each variant is a small page that extends the base, with a name that says what it is; equal ones are merged and all are
priced before anything is built.
"""

from builder.variants.enumeration import MAX_VARIANTS, Variant, Variants
from builder.variants.of_page import variants
from builder.variants.sampling import Sample

__all__ = ["MAX_VARIANTS", "Sample", "Variant", "Variants", "variants"]
