"""Who knows PyTorch, Keras or another format of pages writes their words, and is told ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import ArchError
from builder.lowering import load
from builder.ops.plugins import with_plugins
from builder.variants import variants
from builder.variants.options import SpaceOptions, entries
from tests.marked import check, spans_of

if TYPE_CHECKING:
    from builder.diagnostics import Diagnostic
    from tests.lowering.conftest import Answers

HEAD = "name: net\ninput: [3, 16, 16]\nclasses: 4\n"
TAIL = "- adaptiveavgpool\n- flatten\n- linear: {out: $classes}\n"

LAYERS = [
    ("⟪Conv2d⟫: {in_channels: 3, out_channels: 8, kernel_size: 3}", "unknown-template", "did you mean `conv`?"),
    ("⟪nn.Conv2d⟫: {out_channels: 8, kernel_size: 3}", "unknown-layer", "did you mean `conv`?"),
    ("⟪torch.nn.BatchNorm2d⟫", "unknown-layer", "did you mean `batchnorm`?"),
    ("⟪nn.ReLU(inplace=True)⟫", "unknown-layer", "write `relu`"),
    ("⟪nn.Conv2d(3, 64, kernel_size=11)⟫", "unknown-layer", "write `conv: {out: …, kernel: …}`"),
    ("⟪conv(64, 3)⟫", "unknown-layer", "write `conv: {out: …, kernel: …}`"),
    ("⟪Dense⟫: {units: 8}", "unknown-template", "did you mean `linear`?"),
    ("⟪GlobalAveragePooling2D⟫", "unknown-template", "did you mean `adaptiveavgpool`?"),
    ("⟪MaxPooling2D⟫: {pool_size: 2}", "unknown-template", "did you mean `maxpool`?"),
    ("⟪swish⟫", "unknown-layer", "did you mean `silu`?"),
    ("⟪DropPath⟫: {drop_prob: 0.1}", "unknown-template", "did you mean `stochasticdepth`?"),
    ("⟪SELayer⟫: {reduction: 3}", "unknown-template", "did you mean `se`?"),
    ("⟪LogSoftmax⟫", "unknown-template", "leave it out: the loss works on what comes before it"),
    ("⟪MLP⟫: {units: 8}", "unknown-template", "it is several layers: `linear`, an activation such as `gelu`"),
    ("⟪nl⟫", "unknown-layer", "operations are"),
    ("⟪Sequential⟫: {layers: [relu]}", "unknown-template", "a block has `layers`"),
    ("⟪cbam⟫", "unknown-layer", "`uses: gates.yaml` at the top of the page brings it"),
    ("⟪type⟫: conv\n  out: 8\n  kernel: 3", "unknown-layer", "`conv: {out: …, kernel: …}`"),
    ("⟪type⟫: nn.ReLU", "unknown-layer", "write `relu`"),
]

FIELDS = [
    ("conv: {⟪in_channels⟫: 3, out: 8, kernel: 3}", "leave it out: the size of the input is known"),
    ("conv: {⟪out_channels⟫: 8, kernel: 3}", "did you mean `out`?"),
    ("conv: {⟪filters⟫: 8, kernel: 3}", "did you mean `out`?"),
    ("conv: {out: 8, ⟪kernel_size⟫: 3}", "did you mean `kernel`?"),
    ("conv: {out: 8, kernel: 3, ⟪padding_mode⟫: zeros}", "padding is with zeros: leave out `zeros`"),
    ("join: {⟪rom⟫: in}", "did you mean `from`?"),
    ("conv: {out: 8, kernel: 3, ⟪padding_mode⟫: reflect}", "a plugin brings another mode"),
    ("conv: {out: 8, kernel: 3, ⟪activation⟫: relu}", "an activation is a layer of its own, behind this one"),
    ("conv: {out: 8, kernel: 3, ⟪use_bias⟫: false}", "did you mean `bias`?"),
    ("batchnorm: {⟪num_features⟫: 3}", "leave it out: the size of the input is known"),
    ("batchnorm: {⟪epsilon⟫: 0.001}", "did you mean `eps`?"),
    ("relu: {⟪inplace⟫: true}", "leave it out: it is done wherever nothing else reads the value"),
    ("maxpool: {⟪pool_size⟫: 2}", "did you mean `kernel`?"),
    ("adaptiveavgpool: {⟪output_size⟫: 1}", "did you mean `size`?"),
    ("dropout: {⟪rate⟫: 0.5}", "did you mean `p`?"),
    ("se: {⟪ratio⟫: 3}", "did you mean `reduction`?"),
]

BESIDE = [
    ("conv: {out: 8, kernel: 3}\n  ⟪if⟫: $in > 3", "unknown-field", "did you mean `when`?"),
    ("conv: {out: 8, kernel: 3}\n  ⟪times⟫: 2", "unknown-field", "did you mean `repeat`?"),
    ("conv: {out: 8, kernel: 3}\n  ⟪stride⟫: 2", "unknown-field", "write it inside: `conv: {stride: …}`"),
    ("conv: {out: 8, kernel: 3}\n  ⟪name⟫: c1", "unknown-field", "the name comes first: `NAME: {conv: {…}}`"),
    ("⟪conv⟫:\n  out: 8\n  kernel: 3", "empty-fields", "or write `conv: {out: …, kernel: …}`"),
    ("{relu: {}, when: ⟪'true'⟫}", "bad-value", "remove the quotes"),
    ("⟪“relu”⟫", "unknown-layer", 'type `"` in the place of this left double quotation mark'),
    ("⟪activation: relu⟫", "no-layer", "`activation` of a block are in the same column as its `layers`"),
    ("layers: [relu]\n  ⟪residual⟫: true", "unknown-layer", "did you mean `shortcut`?"),
]

TABLES = [
    ("⟪num_classes⟫: 4\nname: n\ninput: [3, 8, 8]\nlayers:\n" + TAIL, "did you mean `classes`?"),
    ("⟪input_size⟫: [3, 8, 8]\nname: n\nclasses: 4\nlayers:\n" + TAIL, "did you mean `input`?"),
    (HEAD + "⟪blocks⟫:\n" + TAIL, "did you mean `layers`?"),
    (HEAD + "⟪Layers⟫:\n" + TAIL, "did you mean `layers`?"),
    (HEAD + "layers:\n" + TAIL + "insert:\n- se: {}\n  ⟪where⟫: linear1\n", "did you mean `at`?"),
    (HEAD + "templates: {Unit: {layers: [relu], ⟪insert⟫: []}}\nlayers:\n" + TAIL, "at the top of the page, with `at:"),
]


class TestWords:
    """One answer to each, which says what to write, and nothing that follows from it."""

    @pytest.mark.parametrize(("layer", "code", "hint"), LAYERS)
    def test_a_layer(self, answers: Answers, layer: str, code: str, hint: str) -> None:
        """By the name of a class, a call, or the format of another program; what it is given is not looked at."""
        check(*answers(f"{HEAD}layers:\n- {layer}\n{TAIL}"), code, "", hint)

    @pytest.mark.parametrize(("layer", "hint"), FIELDS)
    def test_a_field(self, answers: Answers, layer: str, hint: str) -> None:
        """Of the operation that has it under another name, or needs none."""
        check(*answers(f"{HEAD}layers:\n- {layer}\n{TAIL}"), "unknown-field", "", hint)

    @pytest.mark.parametrize(("layer", "code", "hint"), BESIDE)
    def test_what_stands_beside_a_layer(self, answers: Answers, layer: str, code: str, hint: str) -> None:
        """Or below it, where it belongs inside."""
        check(*answers(f"{HEAD}layers:\n- {layer}\n{TAIL}"), code, "", hint)

    @pytest.mark.parametrize(("page", "hint"), TABLES)
    def test_the_top_of_a_page(self, answers: Answers, page: str, hint: str) -> None:
        """What was meant is not missing besides."""
        check(*answers(page), "unknown-field", "", hint)

    @pytest.mark.parametrize(
        ("rule", "hint"),
        [
            ("conv: {weight: ⟪he_normal⟫}", "did you mean `kaiming_normal`?"),
            ("conv: {weight: ⟪kaiming_normal_⟫}", "did you mean `kaiming_normal`?"),
            ("conv: {weight: {⟪glorot_uniform⟫: {}}}", "did you mean `xavier_uniform`?"),
            ("⟪conv2d⟫: {weight: 0}", "did you mean `conv`?"),
        ],
    )
    def test_how_parameters_begin(self, answers: Answers, rule: str, hint: str) -> None:
        """By Keras's names and those of papers."""
        found, spans = answers(f"{HEAD}init: {{{rule}}}\nlayers:\n- conv: {{out: 4, kernel: 1}}\n{TAIL}")
        assert [each.hint for each in found] == [hint]
        assert spans_of(found) == spans

    @pytest.mark.parametrize(
        ("table", "hint"),
        [
            ("params", "{out: int, stride: 1}"),
            ("members", "{small: {width: 16}}"),
            ("defaults", "{conv: {bias: false}}"),
        ],
    )
    def test_a_table_that_is_a_list(self, answers: Answers, table: str, hint: str) -> None:
        """It is shown as a mapping."""
        check(*answers(f"{HEAD}{table}: ⟪[a]⟫\nlayers:\n{TAIL}"), "bad-value", "not a list", f"`{table}: {hint}`")

    def test_a_parameter_without_its_sign(self, answers: Answers) -> None:
        """It is a text like any other, and one that stands above."""
        page = f"{HEAD}params: {{width: 8}}\nlayers:\n- conv: {{out: ⟪width⟫, kernel: 1}}\n{TAIL}"
        check(*answers(page), "bad-value", "the text `width`, not the parameter", "write `$width`")

    @pytest.mark.parametrize(
        ("name", "code", "hint"),
        [("stage{i}", "bad-name", "`stage{$i}`"), ("stage$i", "bad-name", "with braces: `stage{$i}`")],
    )
    def test_a_name_that_counts(self, answers: Answers, name: str, code: str, hint: str) -> None:
        """The variable in it has a sign and braces."""
        head = "  a: {layers: [flatten, linear: {out: $classes}]}\n"
        check(*answers(f"{HEAD}layers:\n  ⟪{name}⟫: {{repeat: 2, layers: [relu]}}\n{head}"), code, "", hint)

    @pytest.mark.parametrize(
        ("extends", "hint"),
        [
            ("resnet.yaml:resnet50", "write `extends: resnet.yaml` and below it `member: resnet50`"),
            ("../../resnet", "a page reads only what lies in its own folder or is shipped; did you mean `resnet`?"),
        ],
    )
    def test_a_base(self, answers: Answers, extends: str, hint: str) -> None:
        """By the way that the command line has, or by a path that leaves the folder."""
        check(*answers(f"name: net\nextends: ⟪{extends}⟫\n"), "no-such-page", "", hint)

    def test_templates_of_a_page_that_is_not_there(self, answers: Answers) -> None:
        """Nobody knows what they are, and only the page is asked for."""
        page = f"{HEAD}uses: ⟪gate.yaml⟫\nlayers:\n- ECA\n{TAIL}"
        check(*answers(page), "no-such-page", "", "did you mean `gates`?")

    def test_a_template_whose_name_is_wrong_is_called_without_another_answer(self, answers: Answers) -> None:
        """The name was answered where it stands."""
        page = f"{HEAD}templates: {{⟪unit⟫: {{layers: [relu]}}}}\nlayers:\n- unit\n- unit: {{}}\n{TAIL}"
        check(*answers(page), "bad-name", "a template is Capitalized", "write `Unit`")


class TestPlaces:
    """A place three levels deep, with one letter wrong."""

    @pytest.mark.parametrize(
        ("at", "hint"),
        [
            ("layer3.2.brnch", "did you mean `layer3.2.branch`?"),
            ("layr3.2.branch", "did you mean `layer3.2.branch`?"),
            ("layer3.9.branch", "in `layer3` there are: `0`, `1`, `2`, `3`, `4`, `5`"),
            ("layer3.2.cnov2", "did you mean `layer3.2.conv2`?"),
            ("Botleneck.branch", "did you mean `Bottleneck.branch`?"),
            ("Bottleneck.brunch", "did you mean `Bottleneck.branch`?"),
            ("layer3.*.brunch", "did you mean `layer3.*.branch`?"),
            ("layr[34].*.branch", "`archcli show` lists every path"),
            ("layer[34].*.cnov2", "did you mean `layer[34].*.conv2`?"),
            ("layer1.0.layers", "its points are `in`, `branch_in`, `branch`, `shortcut`, `pre_activation`, `out`"),
            ("bottleneck", "did you mean `Bottleneck`?"),
        ],
    )
    def test_the_right_one_is_named(self, answers: Answers, at: str, hint: str) -> None:
        """Whether it is a path, a template, or has wildcards."""
        page = f"name: net\nextends: resnet50\nclasses: 4\ninsert:\n- se: {{}}\n  at: ⟪{at}⟫\n"
        check(*answers(page), "no-such-place", "", hint)


class TestBroughtByOthers:
    """Words that a shipped page of templates or a plugin brings."""

    def test_a_gate_on_a_page_is_brought_by_uses(self, tmp_path: Path) -> None:
        """Spelled right, or nearly."""
        page = "name: n\nextends: resnet18\ninsert:\n- {word}: {{}}\n  at: BasicBlock.branch\n"
        brings = "`uses: gates.yaml` at the top of the page brings it"
        assert answered(tmp_path, page.format(word="ECA")).hint == brings
        for word, meant in (("cbam", "CBAM"), ("CBMA", "CBAM")):
            assert answered(tmp_path, page.format(word=word)).hint == f"did you mean `{meant}`? {brings}"

    def test_on_the_command_line_it_is_an_option(self) -> None:
        """The shipped page is not to be edited."""
        with pytest.raises(ArchError) as caught:
            variants("resnet18", entries(SpaceOptions(insert=("ECA",), at=("BasicBlock.branch",))))
        assert caught.value.diagnostics[0].hint == "add `--uses gates.yaml`, which brings it"

    def test_a_plugin_that_the_page_needs_is_named(self, tmp_path: Path) -> None:
        """The page is data: nothing is loaded, and the answer says what to add."""
        text = "name: n\nextends: resnet18\nplugins: grn.py\ninsert: [{grn: {}, at: BasicBlock.branch}]\n"
        assert answered(tmp_path, text).hint == "the page needs `grn.py`: add `--plugin grn.py`"
        plugin = Path(__file__).parents[2] / "docs" / "examples" / "grn.py"
        assert load(tmp_path / "net.yaml", operations=with_plugins([plugin])).page.plugins == ("grn.py",)


def answered(folder: Path, text: str) -> Diagnostic:
    """Return the one mistake of a page."""
    (folder / "net.yaml").write_text(text, "utf-8")
    with pytest.raises(ArchError) as caught:
        load(folder / "net.yaml")
    (found,) = caught.value.diagnostics
    return found
