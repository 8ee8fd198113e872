"""``--weights`` of train, evaluate and export."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
import torch
import torchvision

import builder
from builder.diagnostics import RunError
from builder.runs.weights import Weights, described, grouped, need_complete, put_weights
from builder.training.weights import published
from builder.training.weights.files import Loaded, load_weights, read_weights

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Archcli, Trained

SMALL = {"growth": 4, "depths": [2, 2, 2, 2], "width": 8}
"""A DenseNet of some thousand parameters."""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return a page with an inserted gate and four classes."""
    path = tmp_path / "gated.yaml"
    path.write_text(
        "name: gated\nextends: densenet.yaml\nmember: densenet121\nclasses: 4\n"
        "params: {growth: 4, depths: [2, 2, 2, 2], width: 8}\n"
        "insert:\n  - se: {hidden: 2}\n    at: DenseLayer.branch\n"
    )
    return path


class TestForeignFiles:
    """Files that others wrote."""

    def test_densenets_old_names_load_into_the_network_of_today(self, tmp_path: Path) -> None:
        """``norm.1`` in every published file is ``norm1`` in the network."""
        network = builder.build("densenet121", **SMALL)
        old = {
            key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): value
            for key, value in network.state_dict().items()
            if not key.endswith("num_batches_tracked")  # as in files of that age
        }
        torch.save(old, tmp_path / "old.pth")
        other = builder.build("densenet121", **SMALL)
        found = load_weights(other, read_weights(tmp_path / "old.pth"))
        assert found.complete
        assert ("features.denseblock1.denselayer1.norm.1.weight", "features.denseblock1.denselayer1.norm1.weight") in (
            found.renamed
        )
        assert all(torch.equal(value, other.state_dict()[key]) for key, value in network.state_dict().items())

    @pytest.mark.parametrize("wrapper", ["state_dict", "model", "model_state_dict"])
    def test_a_checkpoint_of_a_training_script_is_understood(self, tmp_path: Path, wrapper: str) -> None:
        """The weights under their usual name beside what else was saved, DataParallel's prefix before each."""
        network = builder.build("alexnet_tiny")
        state = {f"module.{key}": value for key, value in network.state_dict().items()}
        torch.save({"epoch": 7, wrapper: state, "optimizer": {"lr": 0.1}}, tmp_path / "checkpoint.pth")
        assert load_weights(builder.build("alexnet_tiny"), read_weights(tmp_path / "checkpoint.pth")).complete

    def test_mnasnets_files_go_both_ways(self, tmp_path: Path) -> None:
        """Torchvision's loader asks for version 2, which its file and ours say."""
        theirs, ours = torchvision.models.mnasnet0_5(num_classes=5), builder.build("mnasnet0_5", classes=5)
        torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
        assert load_weights(ours, read_weights(tmp_path / "theirs.pth")).complete
        torch.save(ours.state_dict(), tmp_path / "ours.pth")
        theirs.load_state_dict(torch.load(tmp_path / "ours.pth", weights_only=True), strict=True)

    @pytest.mark.parametrize(("name", "heads"), [("googlenet", ("aux1", "aux2")), ("inception_v3", ("AuxLogits",))])
    def test_heads_for_training_may_be_absent(self, name: str, heads: tuple[str, ...]) -> None:
        """They are named as missing, and nobody who evaluates needs them."""
        with torch.device("meta"):
            network = builder.build(name)
        network.to_empty(device="cpu")
        state = {
            key: torch.zeros(value.shape, dtype=value.dtype)
            for key, value in network.state_dict().items()
            if not key.startswith(heads)
        }
        found = load_weights(network, state)
        assert {key.split(".")[0] for key in found.missing} == set(heads)
        assert (found.unexpected, found.mismatched) == ((), ())
        graph = builder.load(name)
        need_complete(Weights("file", found), graph)
        del state["fc.bias"]
        with pytest.raises(RunError, match=r"does not contain every weight of .*: fc\.bias"):
            need_complete(
                Weights("file", load_weights(network, {k: v for k, v in state.items() if k != "fc.bias"})), graph
            )


class TestPutWeights:
    """One way for every command."""

    def test_published_weights_load_into_a_variant_with_other_classes(
        self, page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Everything but the gates, which are missing, and the classifier, which has another shape."""
        base = builder.build("densenet121", **SMALL)
        torch.save(base.state_dict(), tmp_path / "file")
        content = (tmp_path / "file").read_bytes()
        name = f"densenet121-{sha256(content).hexdigest()[:8]}.pth"
        (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
        (tmp_path / "hub" / "checkpoints" / name).write_bytes(content)
        monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))
        monkeypatch.setattr(published, "_url", lambda asked: f"https://example.org/{asked}/{name}")
        variant, graph = builder.build(page), builder.load(page)
        put = put_weights("torchvision:densenet121", variant, graph)
        assert set(put.fitted.loaded) == base.state_dict().keys() - {"classifier.weight", "classifier.bias"}
        assert set(put.fitted.mismatched) == {"classifier.weight", "classifier.bias"}
        assert len(put.fitted.missing) == 8 * 4
        assert all(".se.fc" in key for key in put.fitted.missing)
        assert put.fitted.unexpected == ()
        assert "ImageNet" in str(put.note)

    def test_what_fits_nothing_is_refused(self, tmp_path: Path) -> None:
        """A run that begins with nothing of them was not what was asked for."""
        torch.save({"strange": torch.ones(1)}, tmp_path / "x.pth")
        with pytest.raises(RunError, match=r"no weight of .*x\.pth has a name and shape of this network"):
            put_weights(str(tmp_path / "x.pth"), builder.build("alexnet_tiny"), builder.load("alexnet_tiny"))


class TestDescribed:
    """What a person reads."""

    def test_many_of_a_kind_become_one_pattern(self) -> None:
        """Few are named, and so is what they are."""
        names = [f"layer1.{block}.se.{leaf}" for block in range(3) for leaf in ("fc1.weight", "fc1.bias", "fc2.weight")]
        assert grouped([*names, "fc.weight", "fc.bias"]) == "layer*.*.se.fc* (9), fc.weight, fc.bias"

    def test_every_group_is_counted(self) -> None:
        """An empty one is not mentioned."""
        fitted = Loaded(("a", "b"), ("c.weight",), (), ("d.weight",), (("module.a", "a"),))
        assert described(Weights("file", fitted)) == (
            "2 loaded; 1 missing (c.weight); 1 of another shape (d.weight); 1 under another name"
        )

    def test_verbose_names_everything(self) -> None:
        """Also what was loaded and what it was called."""
        said = described(Weights("file", Loaded(("a", "b"), (), (), (), (("module.a", "a"),))), verbose=True)
        assert said == "2 loaded (a, b); 1 under another name (module.a → a)"


class TestCommands:
    """The three commands that take weights."""

    def test_export_says_what_it_put_and_writes_it(self, archcli: Archcli, tmp_path: Path) -> None:
        """The file's name is the last line."""
        weights, out = tmp_path / "base.pth", tmp_path / "out.safetensors"
        base = builder.build("alexnet_tiny")
        torch.save(base.state_dict(), weights)
        outcome = archcli("export", "alexnet_tiny", "--to", "safetensors", "--weights", weights, "-o", out)
        assert outcome.out == f"weights  {len(base.state_dict())} loaded\n{out}\n"
        assert all(torch.equal(value, base.state_dict()[key]) for key, value in read_weights(out).items())

    def test_export_to_torch_keeps_versions(self, archcli: Archcli, tmp_path: Path) -> None:
        """Torchvision's loader reads it."""
        out = tmp_path / "mnasnet.pth"
        assert archcli("export", "mnasnet0_5", "--to", "torch", "-o", out).out == f"{out}\n"
        theirs = torchvision.models.mnasnet0_5()
        theirs.load_state_dict(torch.load(out, weights_only=True), strict=True)

    def test_a_run_is_exported_to_torch_with_its_best_weights(
        self, archcli: Archcli, trained: Trained, tmp_path: Path
    ) -> None:
        """The same numbers as in its folder."""
        out = tmp_path / "run.pth"
        assert archcli("export", trained.folder, "--to", "torch", "-o", out).out == f"{out}\n"
        best = read_weights(trained.folder / "best.safetensors")
        assert all(torch.equal(value, best[key]) for key, value in read_weights(out).items())

    @pytest.mark.parametrize("form", ["python", "safetensors"])
    def test_weights_that_would_be_ignored_are_refused(
        self, archcli: Archcli, trained: Trained, tmp_path: Path, form: str
    ) -> None:
        """Source holds none, and a run has its own."""
        what = "alexnet_tiny" if form == "python" else trained.folder
        outcome = archcli("export", what, "--to", form, "--weights", "x.pth", "-o", tmp_path / "out")
        assert outcome.code == 2
        assert "leave out `--weights`" in outcome.err

    @pytest.mark.usefixtures("no_pictures")
    def test_evaluate_takes_a_page_with_weights(self, archcli: Archcli, trained: Trained) -> None:
        """The accuracy is that of the run whose weights they are."""
        expected = json.loads(archcli("evaluate", trained.folder, "--json", "-q").out)
        found = json.loads(
            archcli(
                "evaluate", trained.folder / "page.yaml", "--data", "digits", "--json", "-q",
                "--weights", trained.folder / "best.safetensors", "--recipe", trained.folder / "recipe.yaml",
            ).out
        )  # fmt: skip
        assert found["accuracy"] == expected["accuracy"]
        assert found["run"] is None
        assert len(found["weights"]["fitted"]["loaded"]) == 4

    def test_evaluate_takes_other_weights_of_a_run(self, archcli: Archcli, trained: Trained, tmp_path: Path) -> None:
        """They have to fill the network."""
        best = read_weights(trained.folder / "best.safetensors")
        torch.save({key: value * 0 for key, value in best.items()}, tmp_path / "zeros.pth")
        found = archcli("evaluate", trained.folder, "--weights", tmp_path / "zeros.pth", "-q")
        assert "weights  4 loaded" in found.out
        torch.save({key: value for key, value in best.items() if key != "fc.bias"}, tmp_path / "part.pth")
        outcome = archcli("evaluate", trained.folder, "--weights", tmp_path / "part.pth", "-q")
        assert outcome.code == 1
        assert "does not contain every weight of small: fc.bias" in outcome.err

    def test_evaluate_of_a_page_asks_for_weights(self, archcli: Archcli) -> None:
        """Fresh ones would answer nothing; a page that is not there is said first."""
        outcome = archcli("evaluate", "resnet18")
        assert (outcome.code, "`resnet18` is a page and has no weights" in outcome.err) == (2, True)
        assert "did you mean `resnet18`?" in archcli("evaluate", "resnet188").err

    def test_train_keeps_the_list_of_names(
        self, archcli: Archcli, page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Every name stands in the run's folder and in --json; a person reads patterns."""
        monkeypatch.chdir(tmp_path)
        base = builder.build("densenet121", **SMALL)
        torch.save(base.state_dict(), "base.pth")
        short = ("--data", "digits", "--subset", 40, "--set", "epochs=1", "--set", "size=64", "--device", "cpu", "-q")
        outcome = archcli("train", page, *short, "--weights", "base.pth", "--json")
        trained = json.loads(outcome.out)
        kept = json.loads((tmp_path / trained["beginning"]["run"] / "weights.json").read_text())
        assert kept == trained["beginning"]["weights"]
        assert len(kept["fitted"]["missing"]) == 8 * 4
