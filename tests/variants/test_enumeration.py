"""The stream: order, names, sizes, samples, constraints, equal networks."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import ArchError
from builder.identity import graph_id
from builder.lowering import load
from builder.variants import Sample, variants

if TYPE_CHECKING:
    from pathlib import Path

    from tests.variants.conftest import Written

REPORT = {"which": {"insert": "se", "among": "block*.pre_activation"}}
SIXTEEN = {"which": {"insert": "se", "among": "Bottleneck.branch"}}


def ids(found: object) -> list[str]:
    """Return the ids in the order in which they come."""
    return [each.id for each in found]  # type: ignore[attr-defined]  # variants


class TestTheReport:
    """The report's experiment, and the grid around it."""

    def test_the_base_and_exactly_its_three_models(self) -> None:
        """By id, with as many classes as they have."""
        found = variants("alexnet", REPORT, classes=10)
        wanted = [load("alexnet", classes=10), *map(load, ("alexse_block1", "alexse_block2", "alexse_both"))]
        assert ids(found) == [graph_id(each) for each in wanted]

    def test_names_say_what_is_where(self) -> None:
        """The point is left out where all have the same."""
        assert [each.name for each in variants("alexnet", REPORT)] == [
            "alexnet", "alexnet_se_block1", "alexnet_se_block2", "alexnet_se_block1_block2",
        ]  # fmt: skip

    @pytest.mark.parametrize("said", ["inception3a.merge", "inception3a.pre_activation"])
    def test_behind_branches_the_place_is_called_merge(self, said: str) -> None:
        """They have no activation, so it is the only name of it that the guide has."""
        found = list(variants("googlenet", {"which": {"insert": "se", "among": said}}))
        assert [each.places for each in found] == [(), ("inception3a.merge",)]

    def test_the_full_grid_lists_what_is_the_same(self) -> None:
        """Without a shortcut `branch` is `pre_activation`; `out` is `in` of the block behind it."""
        points = [f"block*.{point}" for point in ("in", "branch", "pre_activation", "out")]
        space = {
            "where": {"insert": "se", "among": points},
            "residual": {"set": {"block*": {"shortcut": ["none", "auto"]}}},
        }
        found = variants("alexnet", space)
        assert dict(found.merged) == {
            "block1.branch (shortcut_none)": ("block1.pre_activation",),
            "block1.out (shortcut_none)": ("block2.in",),
            "block2.branch (shortcut_none)": ("block2.pre_activation",),
            "block1.out (shortcut_auto)": ("block2.in",),
        }
        assert found.size == 2**5 + 2**7
        assert len(set(ids(found))) == found.size

    def test_what_changes_nothing_is_the_base(self) -> None:
        """A setting that the base has already is not written."""
        found = list(variants("alexnet", {"residual": {"set": {"block1": {"shortcut": ["none", "auto"]}}}}))
        assert [(each.name, each.text == "") for each in found] == [
            ("alexnet", True), ("alexnet_shortcut_auto", False),
        ]  # fmt: skip


class TestSizes:
    """How many there are is known before the first comes."""

    def test_subsets(self, page: Written) -> None:
        """All, at least and at most so many, exactly so many."""
        path = page()
        sizes = {
            count: variants(path, {"which": {"insert": "dropout", "among": "Unit.branch", "count": count}}).size
            for count in (0, 1, 2)
        }
        assert sizes == {0: 1, 1: 3, 2: 3}
        assert variants(path, {"which": {"insert": "dropout", "among": "Unit.branch", "count": [1, 3]}}).size == 7

    def test_a_layer_that_is_not_there_is_no_choice(self, page: Written) -> None:
        """Two reductions double every subset but the empty one."""
        space = {"which": {"insert": {"se": {"reduction": [2, 4]}}, "among": "Unit.branch"}}
        found = variants(page(), space)
        assert found.size == 2 * 7 + 1 == len(ids(found))

    def test_dimensions_multiply(self, page: Written) -> None:
        """Places, settings and parameters of the page."""
        space = {
            "which": {"insert": "dropout", "among": ["one.branch", "one.out"]},
            "kernels": {"set": {"one": {"kernel": [1, 3]}}},
            "input": {"params": {"width": [4, 8, 12]}},
        }
        path = page("params: {width: 8}\n")
        path.write_text(path.read_text().replace("conv: {out: 8, kernel: 1}", "conv: {out: $width, kernel: 1}"))
        found = variants(path, space)
        assert found.size == 4 * 2 * 3 == len(set(ids(found)))

    def test_places_are_counted_in_every_context(self, page: Written) -> None:
        """A point that only some of the settings have."""
        space = {
            "which": {"insert": "dropout", "among": ["one.branch", "one.shortcut"]},
            "residual": {"set": {"one": {"shortcut": ["none", "identity"]}}},
        }
        assert variants(page(), space).size == 2 + 4

    def test_the_same_choice_for_a_stage(self) -> None:
        """Four points in each of four stages, each point of a stage as one."""
        points = [f"Bottleneck.{point}" for point in ("branch_in", "branch", "shortcut", "out")]
        found = variants("resnet50", {"which": {"insert": "se", "among": points, "same_per": "layer*"}})
        assert found.size == 2**16
        one = next(each for each in found if each.places)
        assert one.places == ("layer1.0.branch_in", "layer1.1.branch_in", "layer1.2.branch_in")

    def test_one_variant_for_each_entry_of_at(self) -> None:
        """All matches at once; the four positions of the paper."""
        points = [f"Bottleneck.{point}" for point in ("branch_in", "branch", "out", "shortcut")]
        found = list(variants("resnet50", {"where": {"insert": "se", "at": points}}))
        assert [len(each.places) for each in found] == [16] * 4
        assert found[0].name == "resnet50_se_Bottleneck_branch_in"
        assert found[1].id == graph_id(load("se_resnet50"))
        assert len(set(ids(found))) == 4

    def test_a_runaway_space_is_refused_with_its_size(self) -> None:
        """And may be sampled."""
        points = [f"Bottleneck.{point}" for point in ("branch_in", "branch", "out", "shortcut")]
        space = {"which": {"insert": "se", "among": points}}
        with pytest.raises(ArchError, match="18,446,744,073,709,551,616 variants, more than 1,000,000") as refused:
            variants("resnet50", space)
        assert "--sample" in (refused.value.diagnostics[0].hint or "")
        assert len(list(variants("resnet50", space, sample=Sample(3)))) == 3

    @pytest.mark.parametrize(
        ("entry", "said"),
        [
            ({"insert": {"se": {"reduction": list(range(1, 102))}}, "among": "conv*"}, "lists 101 layers"),
            ({"insert": [{"conv": {"out": [1, 2, 3, 4, 5], "kernel": [1, 3, 5], "bias": [True, False], "groups": [1, 2],
                                   "stride": [1, 2]}}], "at": "conv1"}, "lists 120 layers, and one entry has at most"),
            ({"insert": "relu", "among": "conv*", "count": 1}, "1000 places, 1 selector and 1 layer to insert are too"),
            ({"insert": "relu", "at": [f"conv{n}" for n in range(1, 502)]}, "0 places, 501 selectors and 1 layer"),
        ],
    )  # fmt: skip
    def test_places_are_bounded_by_what_trying_them_costs(
        self, tmp_path: Path, entry: dict[str, object], said: str
    ) -> None:
        """Each place is tried alone, in a network of all layers, before the first variant comes."""
        page = tmp_path / "long.yaml"
        page.write_text(
            "name: long\ninput: [3, 8, 8]\nclasses: 2\nlayers:\n- {conv: {out: 3, kernel: 1}, repeat: 1000}\n"
            "- adaptiveavgpool\n- flatten\n- linear: {out: 2}\n"
        )
        with pytest.raises(ArchError, match=said) as refused:
            variants(page, {"which": entry})
        assert [each.code for each in refused.value.diagnostics] == ["too-many-variants"]


class TestOrder:
    """The stream is lazy, stable and of constant size."""

    def test_few_places_first_and_in_the_order_of_the_page(self, page: Written) -> None:
        """The order of the page is the order of the stream."""
        found = variants(page(), {"which": {"insert": "dropout", "among": "Unit.branch"}})
        assert [each.places for each in found][:5] == [
            (), ("one.branch",), ("stage.0.branch",), ("stage.1.branch",), ("one.branch", "stage.0.branch"),
        ]  # fmt: skip

    def test_twice_the_same(self) -> None:
        """In one process, and in another whose hashes are seeded otherwise."""
        mine = ids(variants("alexnet", REPORT))
        assert mine == ids(variants("alexnet", REPORT))
        program = (
            f"from builder.variants import variants\nprint(*[each.id for each in variants('alexnet', {REPORT!r})])"
        )
        said = subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True
        )
        assert said.stdout.split() == mine

    def test_only_what_is_asked_for_is_priced(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The first two of 65,536 cost no more than themselves, and the base is priced already."""
        found = variants("resnet50", SIXTEEN)
        priced = []
        composition = found._contexts[0]._composition
        assert composition is not None
        plain = type(composition).id
        monkeypatch.setattr(type(composition), "id", lambda self, chosen: priced.append(1) or plain(self, chosen))
        assert found.size == 65_536
        assert len(list(islice(found, 2))) == 2
        assert len(priced) == 1

    def test_memory_does_not_grow(self) -> None:
        """Five hundred variants need what a hundred need."""
        stream = iter(variants("resnet50", SIXTEEN))
        tracemalloc.start()
        for _ in islice(stream, 100):
            pass
        before, _ = tracemalloc.get_traced_memory()
        for _ in islice(stream, 500):
            pass
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert after - before < 100_000


class TestSamples:
    """Draws from a space without listing it."""

    def test_a_seed_says_which(self) -> None:
        """The same on every machine and version of Python: written down once."""
        first = ids(variants("resnet50", SIXTEEN, sample=Sample(5, seed=1)))
        assert first == ids(variants("resnet50", SIXTEEN, sample=Sample(5, seed=1)))
        assert first != ids(variants("resnet50", SIXTEEN, sample=Sample(5, seed=2)))

    def test_every_choice_is_as_likely(self) -> None:
        """Of four choices, forty draws of one each: every one comes, none more than half of the time."""
        drawn = [ids(variants("alexnet", REPORT, sample=Sample(1, seed=seed)))[0] for seed in range(40)]
        counts = [drawn.count(each) for each in set(drawn)]
        assert len(counts) == 4
        assert max(counts) < 20

    def test_strata_take_every_number_of_places(self) -> None:
        """Seventeen draws from sixteen places: none, one, two, ..., sixteen."""
        found = variants("resnet50", SIXTEEN, sample=Sample(17, stratified=True))
        assert [len(each.places) for each in found] == list(range(17))

    def test_nothing_comes_twice(self) -> None:
        """A sample as large as the space is the space."""
        assert sorted(ids(variants("alexnet", REPORT, sample=Sample(4)))) == sorted(ids(variants("alexnet", REPORT)))
        drawn = ids(variants("resnet50", {"which": {"insert": "se", "among": "layer1.*.branch"}}, sample=Sample(7)))
        assert len(set(drawn)) == 7


class TestConstraints:
    """What a variant may cost, and what may not stand together."""

    def test_prices_against_the_base(self) -> None:
        """Parameters, MACs and memory; numbers as large as they get."""
        for condition in (
            "$parameters < $base_parameters + 10000",
            "$macs < 1.00002 * $base_macs",
            "$memory <= $base_memory + 175168",
            "$inserted < 2 and $memory < 4e6",
        ):
            found = list(variants("alexnet", {**REPORT, "budget": {"require": condition}}))
            assert [each.places for each in found] == [(), ("block2.pre_activation",)], condition

    def test_not_both(self, page: Written) -> None:
        """By any of the names of a place: `stage.0.out` is `stage.1.in`."""
        places = {"insert": "dropout", "among": ["one.branch", "stage.0.out", "stage.1.in"]}
        apart = {"not_both": ["one.branch", "stage.1.in"]}
        found = variants(page(), {"which": places, "apart": apart})
        assert [each.places for each in found] == [(), ("one.branch",), ("stage.0.out",)]
        with pytest.raises(ArchError, match="every variant has both of these"):
            list(variants(page(), {"which": {**places, "count": 2}, "apart": apart}))

    def test_one_that_nobody_fulfils_is_answered(self) -> None:
        """With the constraint's place and what there is."""
        with pytest.raises(ArchError) as refused:
            list(variants("alexnet", {**REPORT, "budget": {"require": "$parameters < 1000"}}))
        (diagnostic,) = refused.value.diagnostics
        assert diagnostic.mark is not None
        assert diagnostic.mark.text == '"$parameters < 1000"'
        assert "parameters go from 61,100,840 to 61,128,144" in (diagnostic.hint or "")


class TestEqualNetworks:
    """Each network comes once; what was another spelling of it is noted."""

    def test_choices_that_coincide(self, page: Written) -> None:
        """Two reductions that leave the same number of channels."""
        space = {"which": {"insert": {"se": {"reduction": [5, 8]}}, "among": "one.branch"}}
        found = variants(page(), space)
        assert len(ids(found)) == 2
        assert [name for name, _ in found.repeated] == ["page_se_reduction_8_one"]

    def test_a_page_for_each_gives_the_same_network(self, page: Written) -> None:
        """Loaded from disk, with names for layers that would otherwise clash."""
        path = page()
        space = {
            "gates": {
                "insert": {"se": {"reduction": 2}},
                "among": ["one.branch", "one.out", "wide.branches.out", "wide.branches.in"],
            },
            "more": {"insert": {"se": {"reduction": 4}}, "among": ["one.branch", "stage.0.bn1"]},
            "kernel": {"set": {"one": {"kernel": [3, 1]}}},
        }
        for number, variant in enumerate(variants(path, space, sample=Sample(12))):
            written = path.with_name(f"variant{number}.yaml")
            written.write_text(variant.text or path.read_text())
            assert graph_id(load(written)) == variant.id


class TestMistakes:
    """A space with a mistake is answered with place and reason."""

    @pytest.mark.parametrize(
        ("space", "message", "text"),
        [
            ({"which": {"insert": "se", "among": "block3.out"}}, "`block3.out` matches nothing", "block3.out"),
            ({"which": {"insert": "se", "among": "block*.shortcut"}}, "matches nothing", "block*.shortcut"),
            ({"which": {"insert": "se", "among": "block1.out", "same_per": "layer*"}}, "matches nothing", "layer*"),
            ({"which": {"insert": "sse", "among": "block1.out"}}, "`sse`", "sse"),
            ({"which": {"insert": {"se": {"reduct": 4}}, "among": "block1.out"}}, "`reduct` is not a field", "reduct"),
            ({"which": {"insert": {"se": {"reduction": [8, 0]}}, "among": "block1.out"}}, "at least 1", "0"),
            ({"which": {"insert": "se", "amonk": "block1.out"}}, "`amonk` is not a field", "amonk"),
            ({"which": {"insert": "se"}}, "either `among` or `at`", "which"),
            ({"which": {"among": "block1.out"}}, "`which` is one of `insert`", "which"),
            ({"which": {"insert": "se", "among": "block1.out", "count": [2, 1]}}, "2 is more than 1", "count"),
            ({"which": {"insert": "se", "among": "block1.out", "count": 4}}, "there is no variant", None),
            ({"a": {"set": {"block1": {"shortcut": "auto"}}}}, "is a list of alternatives, not the text", "auto"),
            ({"a": {"set": {"block9": {"shortcut": ["auto"]}}}}, "there is no `block9`", None),
            ({"a": {"params": {"width": [1]}}}, "`width` is not a parameter of `alexnet`", "width"),
            ({"a": {"require": "$params < 3"}}, "`$params` is not known here", "$params"),
            ({"a": {"require": "3 < 4"}}, "does not describe a variant", None),
            ({"a": {"require": "$macs + 1"}}, "neither true nor false", None),
            ({"a": {"not_both": ["block1.out"]}}, "`not_both` is two places", None),
            ({"a": {"not_both": ["block1.out", "block1.in"]}}, "nothing is inserted at `block1.out`", "block1.out"),
            ({"a": 3}, "`a` is a mapping", "3"),
            ({"a" * 101: {"insert": "se", "among": "block1.out"}}, "cannot be a name", "a" * 101),
        ],
    )
    def test_where_and_why(self, space: dict[str, object], message: str, text: str | None) -> None:
        """The words, and the characters that are meant."""
        if "require" in str(space) or "not_both" in str(space):
            space = {**REPORT, **space}
        with pytest.raises(ArchError) as refused:
            list(variants("alexnet", space))
        said = [each for each in refused.value.diagnostics if message in each.message]
        assert said, refused.value
        if text is not None:
            assert said[0].mark is not None
            assert said[0].mark.text.strip('"') == text

    def test_a_page_without_a_space(self) -> None:
        """Is told what to say."""
        with pytest.raises(ArchError, match="nothing says what to vary"):
            variants("alexnet")

    def test_a_page_says_it_itself(self, page: Written) -> None:
        """Under `variants:`, and a mistake there has its line and column."""
        path = page("variants:\n  which: {insert: dropout, among: Unit.branch}\n")
        assert variants(path).size == 8
        path = page("variants:\n  which: {insert: dropout, among: Unit.brunch}\n")
        with pytest.raises(ArchError) as refused:
            variants(path)
        mark = refused.value.diagnostics[0].mark
        assert mark is not None
        assert (mark.line, mark.column, mark.text) == (6, 35, "Unit.brunch")
