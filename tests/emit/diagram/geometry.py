"""What must hold of every scene, as a list of what does not."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from builder.emit.diagram.scene.metrics import text_width
from builder.emit.diagram.scene.scene import Rectangle
from builder.emit.diagram.scene.theme import TEXT

if TYPE_CHECKING:
    from builder.emit.diagram.scene.scene import Box, Scene, Text

AROUND = ("frame", "band", "inset", "page", "badge")  # what is around texts and other boxes, or inside a box
CLOSE = 0.3  # pt by which a line may come under the edge of what it leads to
APART = 8.0  # pt between lines of two colors that run side by side
BESIDE = 12.0  # pt for which they may be closer, such as where they leave one dot


def overlaps(one: Rectangle, other: Rectangle) -> bool:
    """Return whether both cover some common area; touching edges do not count."""
    across = one.left < other.right and other.left < one.right
    return across and one.top < other.bottom and other.top < one.bottom


def contains(outer: Rectangle, inner: Rectangle) -> bool:
    """Return whether ``inner`` lies inside; edges belong to a rectangle."""
    across = outer.left <= inner.left and inner.right <= outer.right
    return across and outer.top <= inner.top and inner.bottom <= outer.bottom


def faults(scene: Scene) -> list[str]:
    """Return every overlap and crossing of ``scene``, in words."""
    return [
        *_overlapping_boxes(scene),
        *_texts_out_of_boxes(scene),
        *_texts_over_something(scene),
        *_crossed_boxes(scene),
        *_crossed_texts(scene),
        *_straddled_frames(scene),
        *_badges_out_of_boxes(scene),
    ]


def solid(scene: Scene) -> list[Box]:
    """Return the boxes that stand for something, without what is around them."""
    return [box for box in scene.boxes if box.kind not in AROUND]


def _near(areas):
    """Yield the pairs of (area, thing) that may touch: sorted by height, so that tall figures are read once."""
    ordered = sorted(areas, key=lambda each: each[0].top)
    for position, (area, thing) in enumerate(ordered):
        for other, second in ordered[position + 1 :]:
            if other.top >= area.bottom:
                break
            yield area, thing, other, second


def _overlapping_boxes(scene: Scene) -> list[str]:
    """Return pairs of boxes with common area."""
    pairs = _near([(box.area, box) for box in solid(scene)])
    return [f"{a.name} overlaps {b.name}" for one, a, two, b in pairs if overlaps(one, two)]


def _texts_out_of_boxes(scene: Scene) -> list[str]:
    """Return labels that are wider than their box."""
    written = [box for box in scene.boxes if box.text and box.kind not in ("sum", *AROUND)]
    wide = [box for box in written if text_width(box.text, TEXT, bold=box.bold) > box.width - 4]
    return [f"{box.text!r} runs out of {box.name}" for box in wide]


def _texts_over_something(scene: Scene) -> list[str]:
    """Return texts that are neither inside one box nor outside of all, or over another text."""
    texts = [(_shrunk(text.area, 0.4), text) for text in scene.texts]
    boxes = [(box.area, box) for box in solid(scene)]
    found = [f"{a.text!r} over {b.text!r}" for one, a, two, b in _near(texts) if overlaps(one, two)]
    for one, a, two, b in _near([*texts, *boxes]):
        text, box, inside, around = (a, b, one, two) if hasattr(a, "tone") else (b, a, two, one)
        if hasattr(a, "tone") == hasattr(b, "tone") or not overlaps(one, two):
            continue
        if not contains(around, inside):
            found.append(f"{text.text!r} runs over the edge of {box.name}")
        elif box.text:
            found.append(f"{text.text!r} over the text of {box.name}")
    return found


def _segments(scene: Scene):
    """Yield the straight legs of every line."""
    for line in scene.lines:
        for (x, y), (to_x, to_y) in pairwise(line.points):
            area = Rectangle(min(x, to_x), min(y, to_y), max(x, to_x), max(y, to_y))
            assert area.left == area.right or area.top == area.bottom, f"a slanting line: {line}"
            yield Rectangle(area.left - 0.01, area.top - 0.01, area.right + 0.01, area.bottom + 0.01), line


def _crossed_boxes(scene: Scene) -> list[str]:
    """Return lines that run through boxes."""
    boxes = [(_shrunk(box.area, CLOSE), box) for box in solid(scene)]
    return _crossings(scene, boxes, lambda box: box.name)


def _crossed_texts(scene: Scene) -> list[str]:
    """Return lines that run through texts."""
    texts = [(_shrunk(text.area, 1.0), text) for text in scene.texts]
    return _crossings(scene, texts, lambda text: repr(text.text))


def _crossings(scene, areas, name) -> list[str]:
    """Return lines that run through any of ``areas``."""
    found = []
    for one, a, two, b in _near([*_segments(scene), *areas]):
        line_first, line_second = hasattr(a, "points"), hasattr(b, "points")
        if line_first != line_second and overlaps(one, two):
            line, thing = (a, b) if line_first else (b, a)
            found.append(f"a line {line.points[0]}–{line.points[-1]} crosses {name(thing)}")
    return found


def close_lines(scene: Scene) -> list[str]:
    """Return lines of two colors that run side by side too close to be told apart."""
    found = []
    for (one, a), (two, b) in combinations(list(_segments(scene)), 2):
        if a.tone == b.tone:
            continue
        for near, far, begin, end in (("left", "right", "top", "bottom"), ("top", "bottom", "left", "right")):
            apart = abs(getattr(one, near) - getattr(two, near))
            thin = all(getattr(each, far) - getattr(each, near) < 1 for each in (one, two))
            beside = min(getattr(one, end), getattr(two, end)) - max(getattr(one, begin), getattr(two, begin))
            if thin and apart < APART and beside > BESIDE:
                found.append(f"lines at {one} and {two}")
    return found


def _straddled_frames(scene: Scene) -> list[str]:
    """Return boxes and texts that are neither inside a frame nor outside of it, and frames that cut each other."""
    frames = [box for box in scene.boxes if box.kind in ("frame", "inset")]
    found = []
    things: list[Box | Text] = [*solid(scene), *scene.texts]
    for frame in frames:
        area = frame.area
        cut = [thing for thing in things if overlaps(area, thing.area) and not contains(area, thing.area)]
        found += [f"{getattr(thing, 'name', None) or thing.text!r} straddles {frame.name}" for thing in cut]
    for one, two in combinations(frames, 2):
        a, b = one.area, two.area
        if overlaps(a, b) and not contains(a, b) and not contains(b, a):
            found.append(f"{one.name} cuts {two.name}")
    return found


def _badges_out_of_boxes(scene: Scene) -> list[str]:
    """Return names of gates that are not inside a box, or run over another text of it."""
    badges = [(box.area, box) for box in scene.boxes if box.kind == "badge"]
    lost = [box for area, box in badges if not any(contains(outer.area, area) for outer in solid(scene))]
    pairs = [(box, text) for area, box in badges for text in scene.texts if overlaps(area, _shrunk(text.area, 0.6))]
    over = [(box, text) for box, text in pairs if box.name.partition(" ")[2].partition(" ")[2] != text.text]
    return [*(f"{box.name} is in no box" for box in lost), *(f"{box.name} over {text.text!r}" for box, text in over)]


def _shrunk(area: Rectangle, by: float) -> Rectangle:
    """Return an area that is smaller by ``by`` on every side."""
    return Rectangle(area.left + by, area.top + by, area.right - by, area.bottom - by)
