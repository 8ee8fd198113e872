"""What a tired person writes wrong, and the answer: where the caret stands, the words, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.marked import check

if TYPE_CHECKING:
    from tests.lowering.conftest import Answers

HEAD = "name: net\ninput: [3, 16, 16]\nclasses: 4\n"
LIST = "layers:\n  - {}\n  - adaptiveavgpool\n  - flatten\n  - linear: {{out: $classes}}\n"
NAMED = "layers:\n{}\n  pool: adaptiveavgpool\n  flatten: flatten\n  fc: {{linear: {{out: $classes}}}}\n"

LAYERS = [
    ("⟪cnov⟫: {out: 8, kernel: 3}", "unknown-layer", "`cnov` is not an operation", "did you mean `conv`?"),
    ("⟪conv2⟫: {out: 8, kernel: 3}", "unknown-layer", "`conv2` is not an operation", "did you mean `conv`?"),
    ("⟪batch_norm⟫", "unknown-layer", "`batch_norm` is not an operation", "did you mean `batchnorm`?"),
    (
        "⟪logsoftmax⟫",
        "unknown-layer",
        "`logsoftmax` is not an operation",
        "leave it out: the loss works on what comes before it",
    ),
    ("⟪warp⟫", "unknown-layer", "`warp` is not an operation", "operations are: `conv`, `stdconv`"),
    ("⟪relu:{}⟫", "unknown-layer", "`relu:{}` is not an operation", "write `relu: {}`, with a space after the colon"),
    ("⟪ReLU⟫", "unknown-template", "there is no template `ReLU`", "did you mean `relu`?"),
    ("⟪Conv2d⟫: {out: 8, kernel: 3}", "unknown-template", "there is no template `Conv2d`", "did you mean `conv`?"),
    ("⟪7⟫", "bad-item", "a layer is a word or a mapping, not the number `7`", ""),
    ("⟪true⟫", "bad-item", "a layer is a word or a mapping, not the truth value `true`", ""),
    ("⟪null⟫", "bad-item", "a layer is a word or a mapping, not nothing", ""),
    ("⟪{}⟫", "no-layer", "there is no layer in this item", "a layer is `name` or `{name: {fields}}`"),
    ("⟪{when: true}⟫", "no-layer", "there is no layer in this item", "a block has `layers`"),
    ("{relu: {}, ⟪gelu⟫: {}}", "two-calls", "`relu` and `gelu` are in one item", "every layer has its own `-`"),
    (
        "{⟪c⟫: {conv: {out: 8, kernel: 3}}, bn: batchnorm}",
        "names-without-layers",
        "`c` would be the name of a layer, and a block with names needs `layers:`",
        "write `layers: {c: …, bn: …}`; in a list layers have no names",
    ),
    (
        "{⟪conv⟫: {conv: {out: 8, kernel: 3}}, pool: {}}",
        "names-without-layers",
        "`conv` would be the name",
        "write `layers: {conv",
    ),
    (
        "{conv: {out: 8, kernel: 3}, ⟪pool⟫: adaptiveavgpool}",
        "names-without-layers",
        "`pool` would be the name",
        "write `layers: {conv",
    ),
    ("⟪relu⟫: gelu", "names-without-layers", "`relu` would be the name of a layer", "in a list layers have no names"),
    ("{relu: {}, ⟪layers⟫: [relu]}", "unknown-field", "a call takes no `layers` beside it", "give it to a block"),
    ("{relu: {}, ⟪activation⟫: gelu}", "unknown-field", "a call takes no `activation`", "give it to a block"),
    (
        "{relu: {}, key: ⟪a.b⟫}",
        "bad-value",
        "`key` cannot be the text `a.b`",
        "the name that a layer has in its module",
    ),
    ("{relu: {}, key: ⟪.⟫}", "bad-value", "the key of a layer is a name, not `.`", "is for blocks"),
    ("{identity: {}, key: ⟪[a]⟫}", "bad-value", "`key` is", ""),
    ("{narrow: {start: 0, length: 1}, ⟪key⟫: a}", "unknown-field", "`narrow` has no key", "it leaves no module"),
    ("{reuse: {layer: a}, ⟪key⟫: b}", "unknown-field", "`reuse` has no key", "of the layer that runs again"),
    ("{relu: {}, ⟪repaet⟫: 2}", "unknown-field", "`repaet` cannot be written beside a call", "did you mean `repeat`?"),
    ("{relu: {}, ⟪at⟫: x}", "unknown-field", "`at` cannot be written beside a call", "beside a call you can write"),
    (
        "{relu: {}, ⟪repeat 2⟫}",
        "unknown-field",
        "`repeat 2` cannot be written beside a call",
        "write `repeat: 2`, with a c",
    ),
    (
        "{relu: {}, ⟪key name⟫}",
        "unknown-field",
        "`key name` cannot be written beside a call",
        "write `key: name`, with",
    ),
    ("{relu: {}, ⟪repeat:2⟫}", "unknown-field", "`repeat:2` cannot be", "`repeat: 2`, with a space after the colon"),
    ("{conv: {out: 8, ⟪kernel 3⟫}}", "unknown-field", "`kernel 3` is not a field of `conv`", "write `kernel: 3`, with"),
    ("{layers: [relu], ⟪activatoin⟫: relu}", "unknown-layer", "`activatoin` is no", "did you mean `activation`?"),
    ("⟪conv⟫", "missing-field", "`conv`: `out` and `kernel` are required", ""),
    ("⟪conv⟫: {out: 8}", "missing-field", "`conv`: `kernel` is required", ""),
    ("⟪maxpool⟫: {}", "missing-field", "`maxpool`: `kernel` is required", ""),
    ("⟪conv⟫:", "empty-fields", "nothing is written after `conv:`", "write `conv: {out: …, kernel: …}`"),
    ("⟪relu⟫:", "empty-fields", "nothing is written after `relu:`", "write `relu`, without the colon"),
    ("conv: ⟪64⟫", "bad-fields", "not the number `64`", "fields have names: `conv: {out: …, kernel: …}`"),
    ("conv: ⟪[64, 3]⟫", "bad-fields", "not a list", "fields have names: `conv: {out: …, kernel: …}`"),
    ("dropout: ⟪0.5⟫", "bad-fields", "not the number `0.5`", "fields have names: `dropout: {p: …}`"),
    ("conv: {⟪outt⟫: 8, kernel: 3}", "unknown-field", "`outt` is not a field of `conv`", "did you mean `out`?"),
    ("conv: {out: 8, ⟪kernel_size⟫: 3}", "unknown-field", "`kernel_size` is not a field", "did you mean `kernel`?"),
    ("conv: {⟪out:8⟫, kernel: 3}", "unknown-field", "`out:8`", "write `out: 8`, with a space after the colon"),
    (
        "relu: {⟪inplace⟫: true}",
        "unknown-field",
        "`inplace` is not a field of `relu`",
        "leave it out: it is done wherever",
    ),
    ("relu: {⟪slope⟫: 1}", "unknown-field", "`slope` is not a field of `relu`", "it has none"),
    ("conv: {out: ⟪0⟫, kernel: 3}", "bad-value", "`conv`: `out` is at least 1, not the number `0`", ""),
    ("conv: {out: ⟪-1⟫, kernel: 3}", "bad-value", "`out` is at least 1, not the number `-1`", ""),
    ("conv: {out: ⟪8.0⟫, kernel: 3}", "bad-value", "`out` is a whole number, not the number `8.0`", ""),
    ("conv: {out: ⟪1e1⟫, kernel: 3}", "bad-value", "`out` is a whole number, not the number `1e1`", ""),
    ("conv: {out: ⟪true⟫, kernel: 3}", "bad-value", "`out` is a whole number, not the truth value `true`", ""),
    ('conv: {out: ⟪"8"⟫, kernel: 3}', "bad-value", 'a whole number, not the text "8"', "remove the quotes"),
    (
        "conv: {out: ⟪4 * 2⟫, kernel: 3}",
        "bad-value",
        "not the text `4 * 2`",
        "only a text with a `$` in it is calculated",
    ),
    (
        "linear: {out: ⟪classes⟫}",
        "bad-value",
        "not the text `classes`",
        "did you mean `$classes`, the number of classes?",
    ),
    ("conv: {out: ⟪in⟫, kernel: 3}", "bad-value", "not the text `in`", "did you mean `$in`, the number of channels"),
    ("conv: {out: ⟪8x⟫, kernel: 3}", "bad-value", "not the text `8x`", "a number and nothing behind it"),
    ("conv: {out: ⟪$in / 2⟫, kernel: 3}", "bad-value", "not the number `1.5`", "`a // b` divides whole numbers"),
    ("conv: {out: ⟪$in - 3⟫, kernel: 3}", "bad-value", "`out` is at least 1, not the number `0`", ""),
    ("conv: {out: ⟪99999999999⟫, kernel: 3}", "bad-value", "`out` is less than 2,147,483,648", ""),
    ("conv: {out: 8, kernel: ⟪0⟫}", "bad-value", "`kernel` is at least 1, not the number `0`", ""),
    ("conv: {out: 8, kernel: ⟪same⟫}", "bad-value", "`kernel` is a whole number or a pair of them, not the text", ""),
    ("conv: {out: 8, kernel: ⟪[3]⟫}", "bad-value", "`kernel` has 2 elements, and here is 1", ""),
    ("mean: {dims: ⟪[]⟫}", "bad-value", "`dims` has at least 1 element, and here are none", ""),
    ("conv: {out: 8, kernel: ⟪[1, 2, 3]⟫}", "bad-value", "`kernel` has at most 2 elements, and here are 3", ""),
    ("conv: {out: 8, kernel: [3, ⟪0⟫]}", "bad-value", "`kernel.1` is at least 1, not the number `0`", ""),
    ("conv: {out: 8, kernel: 3, stride: ⟪0⟫}", "bad-value", "`stride` is at least 1, not the number `0`", ""),
    ("conv: {out: 8, kernel: 3, dilation: ⟪0⟫}", "bad-value", "`dilation` is at least 1, not the number `0`", ""),
    ("conv: {out: 8, kernel: 3, padding: ⟪-1⟫}", "bad-value", "`padding` is at least 0, not the number `-1`", ""),
    ("conv: {out: 8, kernel: 3, groups: ⟪0⟫}", "bad-value", "`groups` is at least 1, not the number `0`", ""),
    ("conv: {out: 8, kernel: 3, bias: ⟪no⟫}", "bad-value", "`bias` is `true` or `false`, not the text `no`", ""),
    ("dropout: {p: ⟪1.5⟫}", "bad-value", "`p` is at most 1, not the number `1.5`", ""),
    ("batchnorm: {eps: ⟪0⟫}", "bad-value", "`eps` is greater than 1e-38, not the number `0`", ""),
    ("scale: {init: ⟪.inf⟫}", "bad-value", "`init` is a finite number, not the number `inf`", ""),
    (
        "se: {reduction: 1, gate: ⟪sigmod⟫}",
        "bad-value",
        "`gate` cannot be the text `sigmod`",
        "did you mean `sigmoid`?",
    ),
    ("⟪se⟫: {reduction: 1, hidden: 2}", "bad-value", "mean the same: give one of them", ""),
    ("conv: {out: 8, kernel: ⟪17⟫}", "misfit", "conv1: a kernel of 17×17 does not fit 3×16×16", ""),
    ("conv: {out: 8, kernel: 3, groups: ⟪2⟫}", "misfit", "groups of 2 do not divide the 3 in-channels", ""),
    ("conv: {out: ⟪8⟫, kernel: 3, groups: 3}", "misfit", "groups of 3 do not divide the 8 out-channels", ""),
    ("maxpool: {kernel: ⟪17⟫}", "misfit", "a window of 17×17 does not fit 3×16×16", ""),
    ("maxpool: {kernel: 3, padding: ⟪2⟫}", "misfit", "padding of 2 is more than half the kernel of 3", ""),
    ("se: {reduction: ⟪4⟫}", "misfit", "a reduction of 4 leaves no hidden channels of 3", "at most 3"),
    ("softmax: {cardinality: ⟪3⟫}", "misfit", "`cardinality` means nothing without `groups`", "say how many are"),
    ("softmax: {groups: ⟪2⟫, cardinality: 3}", "misfit", "3 parts with groups of 2 do not divide the 3 channels", ""),
    ("⟪linear⟫: {out: 4}", "misfit", "`linear` needs features, but its input is 3×16×16", "put `flatten` before it"),
    ("⟪layernorm⟫", "misfit", "`layernorm` needs features last", "`layernorm2d`"),
    ("⟪adaptiveavgpool⟫: {size: 999999}", "too-large", "more than 68,719,476,736 numbers in one tensor", ""),
]


class TestLayer:
    """One wrong layer on an otherwise right page: one answer, at the word that is wrong, and no other."""

    @pytest.mark.parametrize(("layer", "code", "said", "hint"), LAYERS, ids=[each[0] for each in LAYERS])
    def test_answer(self, answers: Answers, layer: str, code: str, said: str, hint: str) -> None:
        """Code, place, words and hint together."""
        check(*answers(HEAD + LIST.format(layer)), code, said, hint)


EXPRESSIONS = [
    ("⟪$chanels⟫", "`$chanels` is not known here", "known here are: `$classes`, `$in`"),
    ("⟪$clases⟫ * 2", "`$clases` is not known here", "did you mean `$classes`?"),
    ("2 * ⟪abs⟫($in)", "there is no function `abs`", "there are: `make_divisible`, `ceil`"),
    ("⟪rond⟫($in)", "there is no function `rond`", "did you mean `round`?"),
    ("$in ⟪%⟫ 2", "`%` has no meaning in an expression", ""),
    ("$in ⟪=⟫ 2", "`=` has no meaning in an expression", "equality is `==`"),
    ("⟪$⟫ + 1", "`$` has no meaning in an expression", "followed by the name of a variable"),
    ("$in *⟪*⟫ 2", "`*` is not expected here", ""),
    ("$in ⟪$in⟫", "`$in` is not expected here", ""),
    ("$in ⟪//⟫ 0", "division by zero", ""),
    ("$in ⟪+⟫ relu", "`+` takes numbers, not `relu`", ""),
    ("⟪$classes.0⟫", "`$classes` is not a list", ""),
    ("⟪sqrt⟫(0 - $in)", "`sqrt`: a negative number has no root", ""),
    ("⟪round⟫($in, -99)", "`round`: it rounds to 0 to 9 digits", ""),
    ("⟪max⟫(relu, $in)", "`max`: it takes two or more numbers, or a list of them", ""),
    ("⟪ceil⟫($in, 2)", "`ceil`:", ""),
    ("9007199254740991 ⟪*⟫ $in", "the result is out of bounds", ""),
    ("$in + ⟪1e30⟫", "the number is out of bounds", ""),
]


class TestExpression:
    """What is wrong inside a text, at its own characters, behind a quote as well."""

    @pytest.mark.parametrize("quote", ["", "'", '"'])
    @pytest.mark.parametrize(("text", "said", "hint"), EXPRESSIONS, ids=[each[0] for each in EXPRESSIONS])
    def test_answer(self, answers: Answers, text: str, said: str, hint: str, quote: str) -> None:
        """The caret stands under the wrong word, not under the whole text."""
        if "," in text and not quote:
            quote = "'"  # braces take a comma for the end of the value
        check(
            *answers(HEAD + LIST.format(f"conv: {{out: {quote}{text}{quote}, kernel: 1}}")),
            "bad-expression",
            said,
            hint,
        )

    def test_an_expression_that_ends_too_early(self, answers: Answers) -> None:
        """The caret stands behind it."""
        found, _ = answers(HEAD + LIST.format("conv: {out: ($in + 1, kernel: 1}"))
        check(found, [(5, 25, 1)], "bad-expression", "the expression ends too early, `)` expected", "")

    def test_an_expression_that_is_too_long(self, answers: Answers) -> None:
        """200 characters are a line and a half."""
        check(*answers(HEAD + LIST.format(f"conv: {{out: ⟪$in{' + 1' * 60}⟫, kernel: 1}}")),
              "bad-expression", "an expression has at most 200 characters", "")  # fmt: skip

    def test_an_expression_that_is_too_deep(self, answers: Answers) -> None:
        """The caret stands at the bracket that is one too many."""
        found, _ = answers(HEAD + LIST.format(f"conv: {{out: {'(' * 20}$in{')' * 20}, kernel: 1}}"))
        check(found, [(5, 33, 1)], "bad-expression", "nested more than 16 levels deep", "")


BLOCKS = [
    ("a: {layers: [relu], shortcut: ⟪atuo⟫}", "bad-shortcut", "cannot be the text `atuo`", "did you mean `auto`?"),
    ("a: {layers: [relu], shortcut: ⟪3⟫}", "bad-shortcut", "cannot be the number `3`", "`none`, `identity`, `auto`"),
    ("a: {layers: [relu], shortcut: ⟪$in⟫}", "bad-shortcut", "`shortcut` cannot be `3`", "`none`, `identity`"),
    ("a: {layers: [relu], shortcut: identity, merge: ⟪plus⟫}", "bad-merge", "`plus`", "`add`, `concat`, `mul`"),
    ("a: {layers: [relu], ⟪merge⟫: add}", "unknown-field", "there is nothing to merge", "a `shortcut`"),
    ("a: {layers: [relu], ⟪split⟫: true}", "unknown-field", "there are no branches to split", "`branches`"),
    ("a: {layers: ⟪relu⟫}", "bad-body", "layers are a list or a mapping of names", "write `[relu]`"),
    ("a: {layers: ⟪3⟫}", "bad-body", "layers are a list or a mapping of names, not the number `3`", ""),
    ("a: {branches: ⟪[[relu]]⟫}", "bad-branches", "a list of two or more bodies", "`{}` is the identity"),
    ("a: {branches: [[relu], {}], ⟪shortcut⟫: identity}", "unknown-field", "has no `shortcut`", "put the branches"),
    ("a: {branches: [[relu], {}], ⟪activation⟫: relu}", "unknown-field", "has no `activation`", "put the branches"),
    ("a: {layers: [relu], branches: ⟪[[relu], []]⟫}", "two-bodies", "`layers` or `branches`", "of their own"),
    (
        "a: {branches: [{⟪conv⟫: {out: 8}}, {b: relu}]}",
        "call-for-name",
        "`conv` is the name of a layer",
        "give it a name",
    ),
    ("a: {branches: [{b: relu}, {⟪b⟫: gelu}]}", "duplicate-name", "`a.b` is already used here", "another name"),
    ("a: {key: ⟪a.b⟫, layers: [relu]}", "bad-value", "`key` cannot be the text `a.b`", "letters, digits"),
    (
        "a: {key: ⟪train⟫, layers: [relu]}",
        "reserved-name",
        "every module of PyTorch has an attribute `train`",
        "choose",
    ),
    ("a: {layers: [relu], activation: ⟪[relu, relu]⟫}", "bad-activation", "an activation is one layer", "`layers`"),
    ("⟪a⟫: {relu: {}, repeat: 2}", "name-repeats", "every copy needs a name of its own", "such as `a{$i + 1}`"),
    ("a{$i}: {relu: {}, repeat: ⟪-1⟫}", "bad-repeat", "`repeat` is from 0 to 4096, not `-1`", ""),
    ("a{$i}: {relu: {}, repeat: ⟪5000⟫}", "bad-repeat", "`repeat` is from 0 to 4096, not `5000`", ""),
    ("a{$i}: {relu: {}, repeat: ⟪twice⟫}", "bad-repeat", "a count, or `names in list`, not `twice`", ""),
    ("a{$i}: {relu: {}, repeat: ⟪true⟫}", "bad-repeat", "a count, or `names in list`, not `true`", ""),
    ("a{$i}: {relu: {}, repeat: ⟪[1, 2]⟫}", "bad-value", "`repeat` is one value, not a list", "`repeat: width in [64"),
    ("a{$i}: {relu: {}, repeat: ⟪'x, y in [1, 2]'⟫}", "bad-repeat", "`1` cannot be unpacked into `x`, `y`", ""),
    (
        "a{$i}: {relu: {}, repeat: ⟪x y in 3⟫}",
        "bad-repeat",
        "`x y` is not a list of names",
        "such as `repeat: width, depth",
    ),
    (
        "a{$i}: {relu: {}, repeat: ⟪'in in [1]'⟫}",
        "reserved-name",
        "`$in` is already defined by the language",
        "another name",
    ),
    ("a{$i}: {relu: {}, repeat: x in ⟪$xs⟫}", "bad-expression", "`$xs` is not known here", "`$classes`, `$in`"),
    ("a: {relu: {}, when: ⟪1⟫}", "bad-value", "`when` is true or false, not the number `1`", ""),
    ("a: {relu: {}, when: ⟪maybe⟫}", "bad-value", "`when` is true or false, not the text `maybe`", ""),
    ("a: {relu: {}, when: ⟪[true]⟫}", "bad-value", "`when` is one value, not a list", ""),
    ("a: {layers: [relu], aux: ⟪3⟫}", "bad-value", "`aux` is `true` or `false`, not the number `3`", ""),
    ("⟪in⟫: relu", "reserved-name", "`in` is the name of a point", "points are `in`, `branch_in`"),
    ("⟪train⟫: relu", "reserved-name", "every module of PyTorch has an attribute `train`", "choose another name"),
    ("⟪_apply⟫: relu", "reserved-name", "every module of PyTorch has an attribute `_apply`", "choose another name"),
    ("⟪__x⟫: relu", "reserved-name", "Python hides a name that begins so: `__x`", "choose another name"),
    ("⟪a.b⟫: relu", "bad-name", "`a.b` cannot be a name", "letters, digits, `_` and `-`"),
    ("⟪1a⟫: relu", "bad-name", "`1a` cannot be a name", "letters, digits, `_` and `-`"),
    ("⟪''⟫: relu", "bad-name", "a name cannot be empty", "letters, digits, `_` and `-`"),
    ("⟪" + "a" * 101 + "⟫: relu", "bad-name", "cannot be a name", "a name has at most 100 characters"),
    ("⟪-conv⟫: {out: 3, kernel: 3}", "bad-name", "`-conv` cannot be a name", "write `- conv`, with a space"),
    ("⟪'a{$classes / 8}'⟫: relu", "bad-name", "`a0.5` cannot be a name", "letters, digits"),
    ("'a{⟪$i⟫}': relu", "bad-expression", "`$i` is not known here", "`$classes`"),
    ("⟪b{$i - $i}⟫: {relu: {}, repeat: 2}", "duplicate-name", "`b0` is already used here", "another name"),
    ("a: {reuse: {layer: ⟪b⟫}}", "no-such-place", "there is no layer `b` before this one", "there are: `pool`"),
    ("a: {reuse: {layer: ⟪pool⟫}}", "later-place", "`pool` comes later than this", "reuse them at the other place"),
    ("b: [relu]\n  a: {reuse: {layer: ⟪b⟫}}", "no-such-place", "`b` is a block", "name the layers inside"),
    ("a: {se: {hidden: 1, squeeze: ⟪b.out⟫}}", "no-such-place", "there is no `b.out`", "there are: `a`"),
    ("a: {se: {hidden: 1, squeeze: ⟪pool⟫}}", "later-place", "`pool` is not there yet", "an earlier point"),
    ("a: {se: {hidden: 1, squeeze: ⟪a⟫}}", "later-place", "`a` is not there yet", "an earlier point"),
    ("a: {se: {hidden: 1, squeeze: ⟪3⟫}}", "bad-value", "a place such as `block1.out`, not the number `3`", ""),
    ("a: {se: {hidden: 1, squeeze: ⟪[b]⟫}}", "bad-value", "a place such as `block1.out`, not a list", ""),
]


class TestBlock:
    """One wrong block among named layers."""

    @pytest.mark.parametrize(("block", "code", "said", "hint"), BLOCKS, ids=[each[0] for each in BLOCKS])
    def test_answer(self, answers: Answers, block: str, code: str, said: str, hint: str) -> None:
        """Code, place, words and hint together."""
        check(*answers(HEAD + NAMED.format(f"  {block}")), code, said, hint)
