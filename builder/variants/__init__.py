"""A base page and a few lines about what may go where, turned into a stream of variants.

Each variant is a small page that extends the base, with a name that says what it is; equal ones are merged and all are
priced before anything is built.
"""

from builder.variants.enumeration import MAX_VARIANTS, Variant, Variants, enumerate_variants
from builder.variants.places import Place
from builder.variants.space import Insertion, Subsets, insertion

__all__ = ["MAX_VARIANTS", "Insertion", "Place", "Subsets", "Variant", "Variants", "enumerate_variants", "insertion"]
