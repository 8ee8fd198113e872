"""Mistakes in the tables of a page: its head, parameters, templates, edits, rules of initialization, its base."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import ArchError
from builder.lowering import load
from tests.marked import check, spans_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lowering.conftest import Answers

TAIL = "  pool: adaptiveavgpool\n  flatten: flatten\n  fc: {linear: {out: $classes}}\n"
PAGE = (
    """\
name: net
input: [3, 16, 16]
classes: 4
layers:
  a: {conv: {out: 8, kernel: 3, padding: 1}}
  block:
    layers: [{conv: {out: 8, kernel: 1}}, relu]
    activation: relu
"""
    + TAIL
)

HEADS = [
    ("name: ⟪3x⟫", "bad-value", "a page: `name` cannot be the text `3x`", "letters, digits, `_` and `-`"),
    ("name: ⟪" + "x" * 101 + "⟫", "bad-value", "`name` has at most 100 characters, and this has 101", ""),
    ("name: ⟪3⟫", "bad-value", "a page: `name` is a text, not the number `3`", ""),
    (
        "input: ⟪[3, 16]⟫",
        "bad-value",
        "a page: `input` has 3 elements, and here are 2",
        "such as `input: [3, 224, 224]`",
    ),
    ("input: [3, ⟪0⟫, 16]", "bad-value", "a page: `input.1` is at least 1, not the number `0`", ""),
    (
        "input: ⟪3x16x16⟫",
        "bad-value",
        "a page: `input` is a list, not the text `3x16x16`",
        "such as `input: [3, 224, 224]`",
    ),
    ("classes: ⟪0⟫", "bad-value", "a page: `classes` is at least 1, not the number `0`", "such as `classes: 10`"),
    ("classes: ⟪ten⟫", "bad-value", "a page: `classes` is a whole number, not the text `ten`", "such as `classes: 10`"),
    ("⟪inptu⟫: 3", "unknown-field", "`inptu` is not a field of a page", "did you mean `input`?"),
    ("⟪member⟫: small", "missing-field", "`member` chooses one of the page that this one extends", "`FILE:MEMBER`"),
    ("params: ⟪3⟫", "bad-value", "`params` is a mapping, not the number `3`", "`params: {out: int, stride: 1}`"),
    ("params: {⟪in⟫: 3}", "reserved-name", "`$in` is already defined by the language", "choose another name"),
    ("params: {⟪a-b⟫: 3}", "bad-name", "`a-b` cannot be a parameter", ""),
    ("params: {b: ⟪$a⟫, a: 3}", "bad-expression", "`$a` is not known here", "known here are: `$classes`"),
    ("members: {⟪" + "m" * 101 + "⟫: {}}", "bad-name", "cannot be a member's name", "has at most 100 characters"),
    ("members: {small: ⟪3⟫}", "bad-value", "a member is a mapping of parameters, not the number `3`", ""),
    (
        "members: {small: {⟪widht⟫: 3}}",
        "unknown-parameter",
        "`widht` is not a parameter of `net`",
        "`input`, `classes`",
    ),
    ("defaults: {⟪cnov⟫: {}}", "unknown-layer", "`cnov` is not an operation", "did you mean `conv`?"),
    ("defaults: {conv: ⟪3⟫}", "bad-fields", "the fields of `conv` are a mapping, not the number `3`", ""),
    ("defaults: {conv: {⟪bais⟫: false}}", "unknown-field", "`bais` is not a field of `conv`", "`bias`?"),
    ("templates: {⟪unit⟫: {layers: [relu]}}", "bad-name", "a template is Capitalized", "write `Unit`"),
    (
        "templates: {⟪None⟫: {layers: [relu]}}",
        "bad-name",
        "and `None` is a word of Python's",
        "beginning with a capital",
    ),
    ("templates: {⟪Unit⟫: {}}", "missing-field", "template `Unit` has no layers", "such as"),
    ("templates: {Unit: {⟪layer⟫: [relu]}}", "unknown-field", "`layer` is not a field of template `Unit`", "`layers`?"),
    ("templates: {Unit: ⟪relu⟫}", "bad-value", "a template is a block, not the text `relu`", ""),
]
"""One line of a page, which stands for the line of that name or before the layers."""


def with_line(line: str) -> str:
    """Return PAGE with another line of this name, or with this one before its layers."""
    name = line.replace("⟪", "").replace("⟫", "").partition(":")[0]
    lines = PAGE.split("\n")
    old = next((number for number, each in enumerate(lines) if each.startswith(f"{name}:")), None)
    if old is None:
        lines.insert(3, line)
    else:
        lines[old] = line
    return "\n".join(lines)


class TestHead:
    """What stands before the layers."""

    @pytest.mark.parametrize(("line", "code", "said", "hint"), HEADS, ids=[each[0] for each in HEADS])
    def test_answer(self, answers: Answers, line: str, code: str, said: str, hint: str) -> None:
        """Code, place, words and hint together."""
        check(*answers(with_line(line)), code, said, hint)

    def test_what_a_page_does_not_say(self, answers: Answers) -> None:
        """Each is asked for, at the page's name."""
        found, _ = answers("name: net\nlayers:\n" + TAIL)
        assert [each.code for each in found] == ["no-classes", "no-input"]
        assert [each.hint for each in found] == ["`classes: 10`", "`input: [3, 224, 224]`"]

    def test_a_family_is_asked_for_by_member(self, answers: Answers) -> None:
        """Its members are listed."""
        page = "name: ⟪net⟫\ninput: [3, 4, 4]\nclasses: 4\nparams: {w: int}\nmembers: {a: {w: 3}, b: {w: 4}}\nlayers:\n"
        check(*answers(page + TAIL), "choose-member", "`net` is a family: its members give `w`", "name one of `a`, `b`")


CALLS = [
    ("a: ⟪Unit⟫", "missing-parameter", "`Unit` needs `out`", ""),
    ("a: {⟪Unit⟫: {}}", "missing-parameter", "`Unit` needs `out`", ""),
    (
        "a: {Unit: {out: 3, ⟪kk⟫: 4}}",
        "unknown-parameter",
        "`kk` is not a parameter of `Unit`",
        "its parameters are: `out`, `k`",
    ),
    ("a: {Unit: {⟪outt⟫: 3}}", "unknown-parameter", "`outt` is not a parameter of `Unit`", "did you mean `out`?"),
    ("a: {Unit: {out: ⟪x⟫}}", "bad-value", "`out` is a whole number, not `x`", ""),
    ("a: {Unit: {out: 3, k: ⟪true⟫}}", "bad-value", "`k` is a number or a pair of numbers, not `true`", ""),
    ("a: {Unit: ⟪3⟫}", "bad-fields", "the fields of `Unit` are a mapping, not the number `3`", "fields have names"),
    ("a: {⟪Unti⟫: {out: 3}}", "unknown-template", "there is no template `Unti`", "did you mean `Unit`?"),
    ("⟪Unit⟫: {Unit: {out: 3}}", "reserved-name", "`Unit` is the name of a template", "choose another name"),
]


class TestCall:
    """A template that is called wrongly."""

    @pytest.mark.parametrize(("call", "code", "said", "hint"), CALLS, ids=[each[0] for each in CALLS])
    def test_answer(self, answers: Answers, call: str, code: str, said: str, hint: str) -> None:
        """At the call; where the definition asks for something, a note shows it."""
        templates = "templates:\n  Unit: {params: {out: int, k: 1}, layers: [{conv: {out: $out, kernel: $k}}]}\n"
        found, spans = answers(f"name: net\ninput: [3, 4, 4]\nclasses: 4\n{templates}layers:\n  {call}\n{TAIL}")
        check(found, spans, code, said, hint)
        if code in ("missing-parameter", "bad-value"):
            assert [note.mark.line for note in found[0].notes] == [5]

    def test_what_does_not_fit_inside_shows_the_call(self, answers: Answers) -> None:
        """The same mistake of several instances is told once, of the first."""
        found, spans = answers(
            "name: net\ninput: [3, 4, 4]\nclasses: 4\ntemplates:\n  Unit:\n    params: {k: int}\n"
            "    layers: [{conv: {out: 3, kernel: ⟪$k⟫}}]\nlayers:\n  a: {Unit: {k: 9}}\n  b: {Unit: {k: 10}}\n" + TAIL
        )
        check(found, spans, "misfit", "a.conv1: a kernel of 9×9 does not fit 3×4×4", "")
        assert [(note.message, note.mark.line) for note in found[0].notes] == [("called here with k = 9", 9)]

    @pytest.mark.parametrize(
        ("layer", "code"),
        [
            ("conv: {out: $n, kernel: 1}", "bad-value"),
            ("conv: {out: 8 // $n, kernel: 1}", "bad-expression"),
            ("{relu: {}, repeat: $n - 1}", "bad-repeat"),
            ("{relu: {}, when: $n}", "bad-value"),
            ("se: {hidden: $in * $n}", "bad-value"),
            ("dropout: {p: $n - 1}", "bad-value"),
            ("maxpool: {kernel: $n}", "bad-value"),
        ],
    )
    def test_every_mistake_inside_tells_the_values(self, answers: Answers, layer: str, code: str) -> None:
        """Of the call, and of the call of what calls it: the body may be right for others."""
        found, _ = answers(
            "name: net\ninput: [3, 4, 4]\nclasses: 4\ntemplates:\n  Inner:\n    params: {n: int, w: [1, 2]}\n"
            f"    layers:\n    - {layer}\n  Outer:\n    params: {{m: 0}}\n    layers:\n    - Inner: {{n: $m}}\n"
            "layers:\n  a: {Outer: {m: 0}}\n" + TAIL
        )
        assert [each.code for each in found] == [code]
        assert [(note.message, note.mark.line) for note in found[0].notes] == [
            ("called here with n = 0, w = [1, 2]", 12),
            ("called here with m = 0", 14),
        ]

    def test_what_is_inserted_is_not_in_the_template(self, answers: Answers) -> None:
        """Its values come from the page."""
        found, _ = answers(
            "name: net\ninput: [3, 4, 4]\nclasses: 4\ntemplates:\n  Unit:\n    params: {k: int}\n    layers: [relu]\n"
            "layers:\n  a: {Unit: {k: 9}}\n" + TAIL + "insert:\n- {maxpool: {kernel: 9}, at: a.out}\n"
        )
        assert [(each.code, each.notes) for each in found] == [("misfit", ())]

    def test_a_template_that_calls_itself_without_end(self, answers: Answers) -> None:
        """The way out is named."""
        page = "name: net\ninput: [3, 4, 4]\nclasses: 4\ntemplates:\n  Unit: {layers: [⟪Unit⟫]}\nlayers:\n  a: Unit\n"
        check(*answers(page + TAIL), "too-deep", "blocks are nested more than 48 levels deep", "a `when` that stops it")


EDITS = [
    ("insert: ⟪{}⟫", "bad-insert", "`insert` is a list, not a mapping", "every entry begins with `-`"),
    ("insert:\n  - ⟪relu⟫", "bad-insert", "an insert is a layer with `at`, not the text `relu`", "below it `at:"),
    ("insert:\n  - ⟪relu⟫: {}", "missing-field", "an insert needs `at`, which says where", "`at: block1.pre_act"),
    ("insert:\n  - {relu: {}, ⟪at⟫: []}", "missing-field", "an insert needs `at`", "`at: block1.pre_act"),
    ("insert:\n  - {relu: {}, at: ⟪3⟫}", "bad-value", "`at` is a place such as `block1.out`, not the number `3`", ""),
    ("insert:\n  - {relu: {}, at: a, ⟪naem⟫: x}", "unknown-field", "`naem` cannot be written beside a call", "`name`?"),
    ("insert:\n  - {relu: {}, at: a, name: ⟪a b⟫}", "bad-name", "`a b` cannot be a name", "letters, digits"),
    ("insert:\n  - {relu: {}, at: block.in, name: ⟪''⟫}", "bad-name", "a name cannot be empty", "letters, digits"),
    ("insert:\n  - ⟪{at: a}⟫", "no-layer", "there is no layer in this item", "a layer is `name`"),
    ("insert:\n  - {relu: {}, at: ⟪blok.out⟫}", "no-such-place", "there is no `blok.out`", "did you mean `block.out`?"),
    (
        "insert:\n  - {relu: {}, at: ⟪block.xyz⟫}",
        "no-such-place",
        "there is no `block.xyz`",
        "in `block` there are: `con",
    ),
    ("insert:\n  - {relu: {}, at: ⟪block.preactivation⟫}", "no-such-place", "there is no", "`block.pre_activation`?"),
    (
        "insert:\n  - {relu: {}, at: ⟪block.shortcut⟫}",
        "no-such-place",
        "`block` has no point `shortcut`",
        "it has `in`",
    ),
    (
        "insert:\n  - {relu: {}, at: ⟪a.out⟫}",
        "no-such-place",
        "`a` is a layer and has no points",
        "write `a`: after it",
    ),
    (
        "insert:\n  - {relu: {}, at: ⟪block.0⟫}",
        "no-such-place",
        "`block.0` is a key, not a path",
        "its path is `block.conv1`",
    ),
    ("insert:\n  - {relu: {}, at: ⟪'x*.out'⟫}", "no-such-place", "`x*.out` matches nothing", "archcli show"),
    ("insert:\n  - {⟪relu⟫: {}, at: [block.in, block.out]}", "duplicate-name", "`block.relu`", "name: relu_{$point}`"),
    ("insert:\n  - {conv: {out: 8, kernel: ⟪99⟫}, at: block.in}", "misfit", "block.conv: a kernel of 99×99", ""),
    ("set: ⟪[]⟫", "bad-value", "`set` is a mapping, not a list", "such as `set: {block1: {shortcut: auto}}`"),
    ("set: {block: ⟪3⟫}", "bad-value", "`set` gives fields, not the number `3`", "such as `block: {shortcut: auto}`"),
    ("set: {⟪blok⟫: {shortcut: auto}}", "no-such-place", "there is no `blok`", "did you mean `block`?"),
    (
        "set: {block: {⟪shortcat⟫: auto}}",
        "unknown-field",
        "`shortcat` cannot be set on `block`",
        "did you mean `shortcut`?",
    ),
    ("set: {block: {shortcut: ⟪automatic⟫}}", "bad-shortcut", "cannot be the text `automatic`", "did you mean `auto`?"),
    ("set: {block.conv1: {kernel: ⟪0⟫}}", "bad-value", "`kernel` is at least 1, not the number `0`", ""),
    (
        "set: {block.conv1: {⟪kernal⟫: 3}}",
        "unknown-field",
        "`kernal` is not a field of `conv`",
        "did you mean `kernel`?",
    ),
    ("set: {⟪block.out⟫: {kernel: 3}}", "no-such-place", "`block.out` is a point", "name the block: `block`"),
    ("replace: {⟪block.rleu1⟫: gelu}", "no-such-place", "there is no `block.rleu1`", "did you mean `block.relu1`?"),
    ("replace: {block.relu1: ⟪gleu⟫}", "unknown-layer", "`gleu` is not an operation", "did you mean `gelu`?"),
    ("init: {conv: ⟪3⟫}", "bad-init", "a rule of `init` is a mapping, not the number `3`", "such as `conv: {weight"),
    (
        "init: {conv: {weight: ⟪kaimin_normal⟫}}",
        "bad-init",
        "`kaimin_normal` is not a function of",
        "`kaiming_normal`?",
    ),
    ("init: {conv: {weight: ⟪true⟫}}", "bad-init", "a parameter cannot begin as the truth value `true`", "a number"),
    ("init: {conv: {weight: {normal: ⟪3⟫}}}", "bad-init", "the arguments of `normal` have names", "`normal: {mean: …"),
    ("init: {conv: {weight: {normal: {⟪sdt⟫: 1}}}}", "unknown-field", "`sdt` is not a field of `normal`", "`std`?"),
    ("init: {conv: {weight: {normal: {std: ⟪-1⟫}}}}", "bad-value", "`std` is at least 0, not the number `-1`", ""),
    ("init: {conv: {weight: {kaiming_normal: {mode: ⟪fan_uot⟫}}}}", "bad-value", "`mode` cannot be", "`fan_out`?"),
    ("init: {conv: {weight: {⟪uniform⟫: {a: 2, b: 1}}}}", "bad-value", "from 2 to 1 is not a range", ""),
    (
        "init: {conv: {bias: ⟪kaiming_normal⟫}}",
        "bad-init",
        "`kaiming_normal` needs a tensor of two or more axes",
        "`normal`",
    ),
    ("init: {linear: {weight: ⟪dirac⟫}}", "bad-init", "`dirac` is for the weights of convolutions, and", "`normal`"),
    ("init: {conv: {weight: {dirac: {rest: ⟪one⟫}}}}", "bad-value", "`rest` cannot be", "`zeros`"),
    ("init: {conv: {⟪wieght⟫: 0}}", "no-such-parameter", "`conv` has no parameter `wieght`", "did you mean `weight`?"),
    ("init: {⟪relu⟫: {weight: 0}}", "no-such-parameter", "`relu` has no parameters", "remove the rule"),
    ("init: {block.conv1: {⟪wieght⟫: 0}}", "no-such-parameter", "`block.conv1` has no parameter", "`weight`?"),
    ("init: {⟪block.cnov1⟫: {weight: 0}}", "no-such-place", "there is no `block.cnov1`", "did you mean `block.conv1`?"),
    ("init: {fc: {weight: ⟪$x⟫}}", "bad-expression", "`$x` is not known here", "known here are"),
]


class TestEdit:
    """What comes after the layers: inserts, sets, replacements, rules of initialization."""

    @pytest.mark.parametrize(("edit", "code", "said", "hint"), EDITS, ids=[each[0] for each in EDITS])
    def test_answer(self, answers: Answers, edit: str, code: str, said: str, hint: str) -> None:
        """Code, place, words and hint together."""
        check(*answers(PAGE + edit + "\n"), code, said, hint)

    def test_a_gate_has_no_rule_of_its_own(self, answers: Answers) -> None:
        """Its parts are convolutions, as torchvision's loops over all modules see them."""
        page = PAGE + "insert: [{se: {hidden: 2}, at: block.out}]\ninit: {⟪se⟫: {weight: 0}}\n"
        check(
            *answers(page),
            "no-such-parameter",
            "the parameters of `se` follow the rules for `conv`",
            "name their place",
        )

    def test_a_template_that_lacks_the_place(self, answers: Answers) -> None:
        """The selector speaks of every instance, and the first shows what there is."""
        page = (
            "name: net\ninput: [3, 4, 4]\nclasses: 4\ntemplates: {Unit: {layers: {conv: {scale: {init: 1}}}}}\n"
            "layers:\n  a: Unit\n" + TAIL + "set: {⟪Unit.cnov⟫: {bias: false}}\n"
        )
        check(*answers(page), "no-such-place", "no `Unit` has `cnov`", "did you mean `Unit.conv`?")

    def test_a_template_that_is_called_nowhere(self, answers: Answers) -> None:
        """This is said, not that a name is wrong."""
        page = (
            "name: net\ninput: [3, 4, 4]\nclasses: 4\ntemplates: {Unit: {layers: {conv: {scale: {init: 1}}}}}\n"
            "layers:\n" + TAIL + "set: {⟪Unit.conv⟫: {bias: false}}\n"
        )
        check(*answers(page), "no-such-place", "`Unit.conv` matches nothing", "`Unit` is not used on this page")


EXTENDING = [
    (
        "extends: ⟪alxnet⟫",
        "no-such-page",
        "there is no page `alxnet` beside this one or shipped",
        "did you mean `alexnet`?",
    ),
    ("extends: ⟪/etc/passwd⟫", "outside", "`/etc/passwd` lies outside this page's folder", "copy it beside"),
    ("extends: ⟪net.yaml⟫", "cyclic-extends", "these pages extend each other: net.yaml → net.yaml", ""),
    ("extends: ⟪3⟫", "bad-value", "a page: `extends` is a text, not the number `3`", ""),
    (
        "extends: resnet\nmember: ⟪resnet81⟫",
        "no-such-member",
        "`resnet` has no member `resnet81`",
        "did you mean `resnet18`?",
    ),
    ("extends: alexnet\n⟪layers⟫: [relu]", "extends-with-layers", "has no `layers` of its own", "`insert`, `set` and"),
    ("extends: alexnet\n⟪activation⟫: relu", "extends-with-layers", "has no `activation` of its own", "`insert`"),
    ("extends: alexnet\nset: {⟪block3⟫: {shortcut: auto}}", "no-such-place", "there is no `block3`", "`block1`?"),
    (
        "extends: alexnet\ninsert: [{se: {}, at: ⟪features.3⟫}]",
        "no-such-place",
        "`features.3` is a key",
        "`block1.conv1`",
    ),
]


class TestExtends:
    """A page that changes another."""

    @pytest.mark.parametrize(("text", "code", "said", "hint"), EXTENDING, ids=[each[0] for each in EXTENDING])
    def test_answer(self, answers: Answers, text: str, code: str, said: str, hint: str) -> None:
        """Code, place, words and hint together."""
        check(*answers(f"name: net\n{text}\n"), code, said, hint)

    def test_a_link_that_leads_outside(self, tmp_path: Path) -> None:
        """It is where it leads that counts."""
        folder = tmp_path / "mine"
        folder.mkdir()
        (tmp_path / "base.yaml").write_text(PAGE)
        (folder / "base.yaml").symlink_to(tmp_path / "base.yaml")
        (folder / "net.yaml").write_text("name: net\nextends: base.yaml\n")
        with pytest.raises(ArchError) as caught:
            load(folder / "net.yaml")
        check(list(caught.value.diagnostics), [(2, 10, 9)], "outside", "`base.yaml` lies outside", "copy it beside")

    def test_a_chain_without_end(self, answers: Answers) -> None:
        """Twenty pages, each the base of the one before it."""
        beside = {f"p{number}": f"name: p\nextends: p{number + 1}.yaml\n" for number in range(20)}
        found, _ = answers("name: net\nextends: p0.yaml\n", **beside)
        assert [each.code for each in found] == ["too-deep"]

    def test_a_base_that_does_not_fit_any_more(self, answers: Answers) -> None:
        """The mistake is in this page, and the base is where it shows."""
        found, _ = answers("name: net\nextends: alexnet\ninput: [3, 30, 30]\n")
        assert [(each.code, each.mark.source.name.rpartition("/")[2]) for each in found] == [("misfit", "alexnet.yaml")]

    def test_mistakes_of_the_base_and_of_the_page_are_told_together(self, answers: Answers) -> None:
        """Each in its own file."""
        found, _ = answers("name: net\nextends: base.yaml\nset: {blok: {shortcut: auto}}\n",
                           base=PAGE.replace("kernel: 1", "kernal: 1"))  # fmt: skip
        assert [(each.code, each.mark.source.name.rpartition("/")[2], each.mark.line) for each in found] == [
            ("unknown-field", "base.yaml", 7),
            ("no-such-place", "net.yaml", 3),
        ]


MEETINGS = [
    ("shortcut: ⟪identity⟫", "{conv: {out: 5, kernel: 3, stride: 2, padding: 1}}", "shapes-differ",
     "a: the layers give 5×8×8 and the shortcut 3×16×16, which cannot be added", "`shortcut: auto` adds", [6, 2]),
    ("shortcut: ⟪identity⟫", "{conv: {out: 1, kernel: 1}}", "shapes-differ",
     "the layers give 1×16×16 and the shortcut 3×16×16", "`shortcut: auto`", [6, 2]),
    ("shortcut: ⟪identity⟫", "{conv: {out: 5, kernel: 2}}", "shapes-differ",
     "the layers give 5×15×15 and the shortcut 3×16×16", "give the shortcut layers of its own", [6, 2]),
    ("shortcut: ⟪[{conv: {out: 4, kernel: 1}}]⟫", "{conv: {out: 5, kernel: 1}}", "shapes-differ",
     "the layers give 5×16×16 and the shortcut 4×16×16", "", [6, 7]),
    ("merge: mul\n    shortcut: ⟪identity⟫", "{conv: {out: 5, kernel: 1}}", "shapes-differ",
     "the layers give 5×16×16 and the shortcut 3×16×16, which cannot be multiplied", "", [6, 2]),
    ("merge: concat\n    shortcut: ⟪identity⟫", "{maxpool: {kernel: 2}}", "shapes-differ",
     "the layers give 3×8×8 and the shortcut 3×16×16, which cannot be joined", "", [6, 2]),
    ("shortcut: ⟪auto⟫", "{conv: {out: 5, kernel: 2}}", "no-projection",
     "a: no 1×1 convolution fits from 3×16×16 to 5×15×15: its first output looks at", "write the shortcut's", [6, 2]),
    ("shortcut: ⟪auto⟫", "{conv: {out: 5, kernel: 3, stride: 2}}", "no-projection",
     "no 1×1 convolution fits from 3×16×16 to 5×7×7: it would give 5×8×8", "write the shortcut's", [6, 2]),
    ("shortcut: ⟪auto⟫", "{adaptiveavgpool: {size: 4}}", "no-projection",
     "it passes `adaptiveavgpool`, which keeps no grid of positions", "write the shortcut's", [6, 2]),
]  # fmt: skip


class TestMeeting:
    """Two lanes that do not meet: both shapes, both places, and the way out where there is one."""

    @pytest.mark.parametrize(("shortcut", "layer", "code", "said", "hint", "notes"), MEETINGS)
    def test_answer(
        self, answers: Answers, shortcut: str, layer: str, code: str, said: str, hint: str, notes: list[int]
    ) -> None:
        """Nothing is repaired silently, and nothing is broadcast."""
        page = (
            f"name: net\ninput: [3, 16, 16]\nclasses: 4\nlayers:\n  a:\n    layers: [{layer}]\n    {shortcut}\n{TAIL}"
        )
        found, spans = answers(page)
        check(found, spans, code, said, hint)
        assert [note.mark.line for note in found[0].notes] == notes

    def test_branches_show_where_each_comes_from(self, answers: Answers) -> None:
        """As many notes as there are branches."""
        found, _ = answers(
            "name: net\ninput: [3, 16, 16]\nclasses: 4\nlayers:\n  a:\n    branches:\n"
            "      - left: {conv: {out: 8, kernel: 3}}\n      - right: {conv: {out: 8, kernel: 1}}\n" + TAIL
        )
        assert [each.code for each in found] == ["shapes-differ"]
        assert "8×14×14 and 8×16×16 cannot be joined: all sizes except the channels must be equal" in found[0].message
        assert [note.mark.line for note in found[0].notes] == [7, 8]

    @pytest.mark.parametrize(
        ("end", "said", "hint"),
        [
            (
                "⟪relu⟫: relu",
                "the network ends with 3×16×16, not with a number for each of 4 classes",
                "end with `flatten`",
            ),
            (
                "flat: flatten\n  fc: {⟪linear⟫: {out: 5}}",
                "the network ends with 5, not with a number",
                "`out: $classes`",
            ),
        ],
    )
    def test_a_network_without_a_head(self, answers: Answers, end: str, said: str, hint: str) -> None:
        """At its last layer."""
        end = end.replace("⟪relu⟫: relu", "end: ⟪relu⟫")
        check(*answers(f"name: net\ninput: [3, 16, 16]\nclasses: 4\nlayers:\n  {end}\n"), "no-head", said, hint)

    @pytest.mark.parametrize("softmax", ["⟪softmax⟫", "⟪softmax⟫: {groups: 2}"])
    def test_logits_are_not_made_probabilities(self, answers: Answers, softmax: str) -> None:
        """The loss does that, and would do it a second time."""
        head = "name: net\ninput: [3, 16, 16]\nclasses: 4\nlayers:\n  - flatten\n  - linear: {out: 4}\n"
        page = f"{head}  - {softmax}\n"
        check(*answers(page), "softmax-twice", "the network ends with `softmax`", "the last layer gives logits")


LEANING = [
    """\
layers:
  block:
    - ⟪cnov⟫: {out: 8, kernel: 1}
    - relu
TAIL
insert: [{relu: {}, at: block.conv1}]
""",
    """\
layers:
  block: {layers: [relu], shortcut: ⟪atuo⟫}
TAIL
insert: [{se: {}, at: block.shortcut}]
""",
    """\
layers:
  block: {⟪Unti⟫: {}}
TAIL
set: {block.conv: {bias: false}, 'block.*': {p: 3}}
""",
    """\
layers:
  a: {conv: {out: 8, kernel: ⟪99⟫}}
  b: {conv: {out: 4, kernel: 1}}
TAIL
init: {b: {weight: 0}}
""",
    """\
layers:
  a: {conv: {out: 8, kernel: ⟪99⟫}}
  b: {layers: [relu], shortcut: auto}
TAIL
set: {b.relu1: {}}
""",
    """\
layers:
  a{$i}: {relu: {}, repeat: ⟪x⟫}
TAIL
set: {a1: {}}
init: {a1: {weight: 0}}
""",
    """\
layers:
  a: {conv: {out: 8, kernel: ⟪99⟫}}
  b: {se: {squeeze: a}}
TAIL
""",
    """\
layers:
  a: {conv: {out: 8, kernel: ⟪99⟫}}
  b: {reuse: {layer: a}}
TAIL
""",
    """\
layers:
  a: {conv: {out: 8, kernel: ⟪99⟫}}
  b: {conv: {out: $in * 2, kernel: 1}, when: $in > 3}
TAIL
insert: [{relu: {}, at: b}]
""",
    """\
templates:
  Unit: {params: {out: ⟪$x⟫}, layers: {c: {conv: {out: $out, kernel: 1}}}}
layers:
  a: Unit
  b: Unit
TAIL
insert: [{relu: {}, at: Unit.c}]
""",
    """\
templates:
  ⟪Unit⟫: {}
layers:
  a: Unit
TAIL
insert: [{relu: {}, at: a.c}]
""",
    """\
params: {w: ⟪$x⟫}
layers:
  a: {conv: {out: $w, kernel: 1}}
TAIL
""",
    """\
layers:
  a: {branches: ⟪[[relu]]⟫}
TAIL
insert: [{relu: {}, at: a.out}]
""",
]
"""Pages with one mistake, on which other lines lean."""


class TestTogether:
    """All mistakes of a page in one run, each once, and none that follows from another."""

    def test_one_page_with_a_mistake_in_every_table(self, answers: Answers) -> None:
        """In the order of the text."""
        found, spans = answers("""\
name: net
input: [3, ⟪0⟫, 16]
classes: 4
⟪lyers⟫: [relu]
params: {⟪in⟫: 3, depth: ⟪$dpth⟫}
defaults: {conv: {⟪bais⟫: false}}
init:
  conv: {weight: ⟪kaimin_normal⟫}
  ⟪fd⟫: {weight: 0}
templates:
  Unit:
    params: {out: int}
    layers: [{conv: {out: $out, kernel: ⟪0⟫}}]
layers:
  stem: {conv: {out: 8, kernel: 3, ⟪padd⟫: 1}}
  one: {Unit: {⟪outt⟫: 8}}
  two: {⟪Unti⟫: {out: 8}}
  three: {layers: [⟪rleu⟫, relu], shortcut: ⟪atuo⟫}
  pool: ⟪adaptiveavgpol⟫
  flatten: flatten
  fc: {linear: {out: $classes}}
insert:
  - {se: {reduction: ⟪0⟫}, at: stem}
  - {relu: {}, at: ⟪stemm⟫}
set:
  fc: {⟪bais⟫: false}
replace:
  ⟪flaten⟫: none
""")
        assert spans_of(found) == spans

    @pytest.mark.parametrize("page", LEANING)
    def test_what_depends_on_a_mistake_is_not_spoken_of(self, answers: Answers, page: str) -> None:
        """One mistake, one answer, although the rest of the page leans on it."""
        head = "name: net\ninput: [3, 16, 16]\nclasses: 4\n"
        found, spans = answers(head + page.replace("TAIL\n", TAIL))
        assert spans_of(found) == spans
