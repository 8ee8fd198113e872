"""Skeletons of operations for what a page cannot say: a plugin to fill in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.importing.convert import Hole

_HEAD = '''"""Operations that {page} calls and the language does not have. Fill in what each computes.

docs/extending.md explains every part. Try it with `archcli show {page} --plugin {file}`.
"""

from __future__ import annotations

from typing import ClassVar

from builder.ops.base import Call, Family, Operation
from builder.shapes import Shape
'''

_CLASS = '''

class {name}(Operation):
    """{what}"""

    kind: ClassVar[str] = "{word}"
    family: ClassVar[Family] = "shape"
    definition: ClassVar[str | None] = """
class {name}Module(nn.Module):
    def forward(self, x):
        raise NotImplementedError("{word} is a skeleton")
"""

    def output(self, *inputs: Shape) -> Shape:
        """Return the shape that was seen; write the rule for all sizes."""
        return Shape({shape})

    def call(self, *inputs: Shape) -> Call:
        """Return the module's constructor."""
        return Call("{name}Module")
'''


def stubs(holes: Sequence[Hole], page: str, file: str) -> str:
    """Return the text of a plugin with one operation for each word."""
    text = _HEAD.format(page=page, file=file)
    for hole in {each.word: each for each in holes}.values():
        name = "".join(part.capitalize() for part in hole.word.split("_"))
        place = f" at {hole.place}" if hole.place else ""
        what = f"Compute `{hole.said}`{place}: {hole.reason}.".replace("\\", "/").replace('"', "'")
        text += _CLASS.format(name=name, what=what, word=hole.word, shape=hole.shape)
    return text
