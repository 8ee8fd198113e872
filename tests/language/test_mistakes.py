"""What a tired person writes, and what the program answers: place, code and words together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.validation import report

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.diagnostics import Diagnostic

TAIL = "- adaptiveavgpool\n- flatten\n- linear: {out: $classes}\n"


class TestOneLayer:
    """A layer that cannot be, in line 5 of an otherwise right page."""

    @pytest.mark.parametrize(
        ("layer", "code", "column", "said", "hint"),
        [
            ("cnov: {out: 8, kernel: 3}", "unknown-layer", 3, "`cnov`", "did you mean `conv`?"),
            ("conv2: {out: 8, kernel: 3}", "unknown-layer", 3, "`conv2`", "did you mean `conv`?"),
            ("reluu", "unknown-layer", 3, "`reluu`", "did you mean `relu`?"),
            ("Bottlenek: {planes: 8}", "unknown-template", 3, "`Bottlenek`", ""),
            ("conv: {outt: 8, kernel: 3}", "unknown-field", 10, "`outt`", "did you mean `out`?"),
            ("conv: {out: 8}", "missing-field", 3, "`kernel` is required", ""),
            ("conv: {out: 0, kernel: 3}", "bad-value", 15, "`0`", ""),
            ("conv: {out: -1, kernel: 3}", "bad-value", 15, "`-1`", ""),
            ("conv: {out: 8.0, kernel: 3}", "bad-value", 15, "whole number", ""),
            ("conv: {out: true, kernel: 3}", "bad-value", 15, "`true`", ""),
            ('conv: {out: "8", kernel: 3}', "bad-value", 15, 'the text "8"', ""),
            ("conv: {out: 8, kernel: 0}", "bad-value", 26, "`kernel`", ""),
            ("conv: {out: 8, kernel: 3, stride: 0}", "bad-value", 37, "`stride`", ""),
            ("conv: {out: 8, kernel: 3, dilation: 0}", "bad-value", 39, "`dilation`", ""),
            ("conv: {out: 8, kernel: 3, padding: -1}", "bad-value", 38, "`padding`", ""),
            ("conv: {out: 8, kernel: 99}", "misfit", 26, "99×99 does not fit 3×16×16", ""),
            ("conv: {out: 8, kernel: 3, groups: 2}", "misfit", 37, "do not divide the 3 in-channels", ""),
            ("conv: {out: 8, kernel: 3, groups: 0}", "bad-value", 37, "`groups`", ""),
            ("maxpool: {kernel: 17}", "misfit", 21, "17×17 does not fit 3×16×16", ""),
            ("se: {reduction: 16}", "misfit", 19, "leaves no hidden channels of 3", "at most 3"),
            ("linear: {out: 8}", "misfit", 3, "3×16×16", "flatten"),
            ("conv: {out: $chanels, kernel: 3}", "bad-expression", 15, "`$chanels`", ""),
            ("relu:", "empty-fields", 3, "nothing is written after", "write `relu`"),
            ("conv: [8, 3]", "bad-fields", 9, "a list", "`conv: {out: …, kernel: …}`"),
            ("7", "bad-item", 3, "the number `7`", ""),
        ],
    )
    def test_each_is_answered_once_at_its_place(
        self,
        mistakes_of: Callable[..., list[Diagnostic]],
        layer: str,
        code: str,
        column: int,
        said: str,
        hint: str,
    ) -> None:
        """One mistake, one answer, and nothing that follows from it."""
        (found,) = mistakes_of(f"layers:\n- {layer}\n" + TAIL)
        assert found.mark is not None
        assert (found.code, found.mark.line, found.mark.column) == (code, 5, column)
        assert said in found.message
        assert hint in (found.hint or "")


LIST = list(range(100))


class TestWholePages:
    """Mistakes that need more than one line."""

    def test_all_of_a_page_are_told_in_one_run(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """In the order of the text, none twice."""
        found = mistakes_of("layers:\n- conv: {outt: 8, kernel: 3}\n- relux\n- maxpool: {kernel: 0}\n" + TAIL)
        assert [(each.code, each.mark.line) for each in found if each.mark] == [
            ("unknown-field", 5),
            ("unknown-layer", 6),
            ("bad-value", 7),
        ]

    def test_a_mistake_inside_a_template_names_the_call_too(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """Where two places disagree, both are shown."""
        (found,) = mistakes_of(
            "templates:\n  Unit:\n    params: {k: int}\n    layers: [{conv: {out: 4, kernel: $k}}]\n"
            "layers:\n- Unit: {k: 99}\n" + TAIL
        )
        assert found.mark is not None
        assert found.mark.line == 7
        assert [note.mark.line for note in found.notes] == [9]

    def test_a_parameter_that_is_missing_shows_who_asks(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """At the call, with a note at the definition."""
        (found,) = mistakes_of(
            "templates:\n  Unit: {params: {k: int}, layers: [{conv: {out: 4, kernel: $k}}]}\nlayers:\n- Unit\n" + TAIL
        )
        assert (found.code, found.mark.line, found.notes[0].mark.line) == ("missing-parameter", 7, 5)

    def test_a_network_without_a_head(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """What it ends with is said."""
        (found,) = mistakes_of("layers:\n- conv: {out: 8, kernel: 3}\n")
        assert found.code == "no-head"
        assert "8×14×14" in found.message
        assert "4 classes" in found.message

    @pytest.mark.parametrize(
        ("page", "code"),
        [
            ("layerss:\n- relu\n", "unknown-field"),
            ("layers: relu\n", "bad-body"),
            ("layers:\n- relu\ninsert: relu\n", "bad-insert"),
            ("layers:\n- relu\ninsert:\n- relu\n", "bad-insert"),
            ("layers:\n- {relu: {}, gelu: {}}\n" + TAIL, "two-calls"),
            ("layers:\n- {repeat: 5000, layers: [relu]}\n" + TAIL, "bad-repeat"),
            ("layers:\n  in: relu\n", "reserved-name"),
            ("layers:\n  a.b: relu\n", "bad-name"),
            ("layers:\n- layers: [relu]\n  merge: sum\n" + TAIL, "bad-merge"),
            ("layers:\n- layers: [relu]\n  shortcut: maybe\n" + TAIL, "bad-shortcut"),
            ("templates:\n  unit: {layers: [relu]}\nlayers:\n- relu\n" + TAIL, "bad-name"),
            ("members: 3\nlayers:\n- relu\n" + TAIL, "bad-value"),
            ("init: {conv: {weight: kaiming_norml}}\nlayers:\n- conv: {out: 4, kernel: 1}\n" + TAIL, "bad-init"),
            ("defaults: {cnov: {bias: false}}\nlayers:\n- relu\n" + TAIL, "unknown-layer"),
        ],
    )
    def test_each_construct_has_its_answer(
        self, mistakes_of: Callable[..., list[Diagnostic]], page: str, code: str
    ) -> None:
        """By a stable code."""
        assert code in [each.code for each in mistakes_of(page)]

    def test_a_network_without_end_is_refused_soon(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """8,000 layers are more than any network has."""
        text = "layers:\n- repeat: 4000\n  layers:\n  - repeat: 4000\n    layers: [relu]\n" + TAIL
        assert [each.code for each in mistakes_of(text)] == ["too-many-layers"]

    @pytest.mark.parametrize(
        ("page", "code"),
        [
            ("layers:\n- {branches: [[], [], []], merge: add, repeat: 2500}\n", "too-many-layers"),
            ("layers:\n- {layers: [{branches: [[], []], merge: add}], repeat: 2500}\n", "too-many-layers"),
            (f"layers:\n- {{conv: {{out: 3, x: {list(range(100))}}}, repeat: 1000}}\n", "too-many-values"),
            (f"templates: {{T: {{params: {{w: {LIST}}}, layers: [relu]}}}}\nlayers:\n- {{T: {{}}, repeat: 1100}}\n",
             "too-many-values"),
            ("layers:\n- {relu: {}, repeat: 1100}\nset: {'*': {" + ", ".join(f"x{n}: 1" for n in range(100)) + "}}\n",
             "too-many-values"),
            ("layers:\n- {conv: {out: 3, kernel: 1}, repeat: 1100}\ninit: {"
             + ", ".join(f"'{'*' * n}': {{bias: 0}}" for n in range(1, 100)) + "}\n", "too-many-values"),
            ("layers:\n- relu\nset: {'a.**.b.**': {p: 1}}\n", "too-many-selectors"),
            (f"layers:\n- relu\ninit: {{{'a.' * 16}*: {{weight: 1}}}}\n", "too-many-selectors"),
        ],
    )  # fmt: skip
    def test_copies_of_much_are_refused_soon(
        self, mistakes_of: Callable[..., list[Diagnostic]], page: str, code: str
    ) -> None:
        """What a page says once and copies often counts with every copy."""
        assert mistakes_of(page + ("" if "set:" in page or "init:" in page else TAIL))[-1].code == code

    def test_stars_beside_each_other_are_one(self, mistakes_of: Callable[..., list[Diagnostic]]) -> None:
        """`**.**` means what `**` means."""
        found = mistakes_of("layers:\n- relu\nset: {'**.**.nothing': {p: 1}}\n")
        assert "no-such-place" in [each.code for each in found]

    def test_a_mistake_of_a_thousand_copies_is_worked_out_once(
        self, mistakes_of: Callable[..., list[Diagnostic]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Words and place are the same for all of them, and finding both is what takes long."""
        written = []

        def counted(*arguments: object) -> None:
            written.append(arguments)
            report(*arguments)  # type: ignore[arg-type]  # whatever the walk gives

        monkeypatch.setattr("builder.lowering.walk.report", counted)
        text = "layers:\n- {conv: {out: $i - 2000, kernel: 1}, repeat: 1000}\n" + TAIL
        assert [(each.code, each.message) for each in mistakes_of(text)] == [
            ("bad-value", "`conv`: `out` is at least 1, not the number `-2000`")
        ]
        assert len(written) == 1
