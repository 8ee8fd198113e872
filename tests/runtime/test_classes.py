"""A built module travels as any module does: by pickle, between processes, into files; and no code travels with it."""

from __future__ import annotations

import copy
import functools
import pickle
import pickletools
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import pytest
import torch
from torch import nn

import builder
from builder.diagnostics import RunError
from builder.emit.python import document, source
from builder.lowering import lower, page_from_text, resolved_page
from builder.lowering.pages import shipped_names
from builder.runtime.classes import restore

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
GCT = ROOT / "docs" / "examples" / "gct.py"
PAGE = """\
name: gated
input: [3, 8, 8]
classes: 4
layers:
  body: {layers: {conv: {conv: {out: 4, kernel: 3}}, gct: gct}, activation: relu}
  pool: {adaptiveavgpool: {size: 1}}
  flatten: flatten
  fc: {linear: {out: $classes}}
"""


def by_torch(module: Any, path: Path) -> Any:
    """Return what ``torch.load`` makes of what ``torch.save`` wrote."""
    torch.save(module, path)
    return torch.load(path, weights_only=False)


def by_joblib(module: Any, path: Path) -> Any:
    """Return what joblib makes of its own file."""
    joblib.dump(module, path)
    return joblib.load(path)


WAYS: dict[str, Callable[[Any, Path], Any]] = {
    **{f"pickle {each}": lambda module, _, each=each: pickle.loads(pickle.dumps(module, each)) for each in range(6)},
    "deepcopy": lambda module, _: copy.deepcopy(module),
    "torch.save": by_torch,
    "joblib": by_joblib,
}


def fresh(script: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Return how a process of its own ended that ran ``script`` in ``folder``."""
    (folder / "script.py").write_text(script, "utf-8")
    command = [sys.executable, *options, "script.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def noted(module: nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor:
    """Stand for a hook of a user, in a module that can be imported."""
    return output + 1


class Wider(nn.Module):
    """A module of a user around one of ours."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = nn.DataParallel(inner)
        self.head = nn.Linear(10, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return two numbers for an image."""
        result: torch.Tensor = self.head(self.inner(images))
        return result


@pytest.fixture
def module() -> nn.Module:
    """Return a small network with seeded weights."""
    torch.manual_seed(0)
    return builder.build("alexnet_tiny", classes=10).eval()


@pytest.fixture
def gated(tmp_path: Path) -> nn.Module:
    """Return a network that calls a plugin's operation; the plugin lies in ``tmp_path``."""
    shutil.copy(GCT, tmp_path / "gct.py")
    (tmp_path / "gated.yaml").write_text(PAGE, "utf-8")
    torch.manual_seed(0)
    return builder.build(tmp_path / "gated.yaml", plugins=[tmp_path / "gct.py"]).eval()


class TestWays:
    """Every way by which modules travel."""

    @pytest.mark.parametrize("way", WAYS)
    def test_gives_the_same_network(self, way: str, module: nn.Module, tmp_path: Path) -> None:
        """Of the same class, with the same outputs, and apart from the original."""
        twin = WAYS[way](module, tmp_path / "file")
        image = torch.rand(2, *builder.load("alexnet_tiny").input.sizes)
        assert type(twin) is type(module)
        with torch.no_grad():
            assert torch.equal(twin(image), module(image))
            next(twin.parameters()).zero_()
            assert not torch.equal(twin(image), module(image))

    @pytest.mark.parametrize("way", ["pickle 5", "torch.save", "deepcopy"])
    def test_keeps_what_a_module_keeps(self, way: str, module: nn.Module, tmp_path: Path) -> None:
        """Flags of training and learning, hooks, buffers, one parameter in two places, and a head that was changed."""
        module.train()
        module.get_submodule("block1").eval()
        layers = [each for each in module.modules() if isinstance(each, nn.Linear | nn.Conv2d)]
        layers[0].weight.requires_grad_(requires_grad=False)
        layers[1].register_forward_hook(noted)
        module.register_buffer("mean", torch.arange(3.0))
        module.fc = nn.Linear(5, 5)
        module.other = nn.Linear(5, 5)
        module.other.weight = module.fc.weight
        twin = WAYS[way](module, tmp_path / "file")
        assert [each.training for each in twin.modules()] == [each.training for each in module.modules()]
        assert not twin.get_submodule("block1").training
        found = [each for each in twin.modules() if isinstance(each, nn.Linear | nn.Conv2d)]
        assert not found[0].weight.requires_grad
        assert list(found[1]._forward_hooks.values()) == [noted]
        assert twin.mean.tolist() == [0, 1, 2]
        assert twin.other.weight is twin.fc.weight
        assert twin.state_dict().keys() == module.state_dict().keys()

    def test_parts_and_wrappers_travel(self, module: nn.Module, tmp_path: Path) -> None:
        """A block alone, a network inside a user's module, a compiled one, a list of two that share their weights."""
        image = torch.rand(2, *builder.load("alexnet_tiny").input.sizes)
        wrapped = by_torch(Wider(module), tmp_path / "wrapped").eval()
        assert type(wrapped.inner.module) is type(module)
        block = pickle.loads(pickle.dumps(module.get_submodule("block1")))
        assert type(block) is type(module.get_submodule("block1"))
        compiled = by_torch(torch.compile(module), tmp_path / "compiled")
        assert torch.equal(compiled._orig_mod(image), module(image))
        twins = pickle.loads(pickle.dumps([module, module]))
        assert twins[0] is twins[1]

    def test_outputs_travel(self) -> None:
        """The NamedTuple of a network with auxiliary heads too."""
        torch.manual_seed(0)
        results = builder.build("googlenet").train()(torch.rand(2, 3, 64, 64))
        back = pickle.loads(pickle.dumps(tuple.__new__(type(results), [each.detach() for each in results])))
        assert type(back) is type(results)
        assert torch.equal(back.logits, results.logits)

    def test_a_derived_class_travels_as_its_own(self, module: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
        """By the module in which it was derived, as Python does it."""
        derived = type("Derived", (type(module),), {"__module__": __name__})
        monkeypatch.setattr(sys.modules[__name__], "Derived", derived, raising=False)
        assert type(pickle.loads(pickle.dumps(derived()))) is derived

    def test_a_class_may_be_derived_from_an_abstract_one_too(self, module: nn.Module) -> None:
        """As interfaces and protocols are, whose type is not that of other classes."""

        class Named(ABC):
            """What has a title."""

            @abstractmethod
            def title(self) -> str:
                """Return what it is called."""

        class Mine(type(module), Named):
            """A network with a title."""

            def title(self) -> str:
                """Return it."""
                return "mine"

        assert (Mine().title(), isinstance(Mine(), Named), isinstance(module, Named)) == ("mine", True, False)
        with pytest.raises(TypeError, match="abstract"):
            type("Unfinished", (type(module), Named), {})()

    @pytest.mark.parametrize("protocol", range(6))
    def test_a_class_travels_by_itself(self, protocol: int, module: nn.Module) -> None:
        """As what makes networks in another process: the network's and a block's."""
        for each in (type(module), type(module.get_submodule("block1"))):
            assert pickle.loads(pickle.dumps(each, protocol)) is each
            assert pickle.loads(pickle.dumps(functools.partial(each), protocol)).func is each
        assert copy.deepcopy(type(module)) is type(module)

    def test_a_class_is_made_again_where_nobody_has_built_it(self, module: nn.Module, tmp_path: Path) -> None:
        """From the page, as a module is."""
        (tmp_path / "class.pkl").write_bytes(pickle.dumps(type(module)))
        script = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nimport pickle\n"
        done = fresh(script + "print(type(pickle.load(open('class.pkl', 'rb'))()).__name__)", tmp_path)
        assert done.stdout == "AlexnetTiny\n", done.stderr

    def test_a_derived_class_travels_by_its_name(self, module: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
        """And where it has none, Python says so."""
        derived = type("Derived", (type(module),), {"__module__": __name__})
        with pytest.raises(pickle.PicklingError):
            pickle.dumps(derived)
        monkeypatch.setattr(sys.modules[__name__], "Derived", derived, raising=False)
        assert pickle.loads(pickle.dumps(derived)) is derived

    def test_weights_alone_need_nothing_of_ours(self, module: nn.Module, tmp_path: Path) -> None:
        """``weights_only`` refuses a module, as it refuses every one, and takes a ``state_dict``."""
        torch.save(module, tmp_path / "module.pt")
        with pytest.raises(pickle.UnpicklingError, match=r"builder\.runtime\.classes\.restore"):
            torch.load(tmp_path / "module.pt", weights_only=True)
        torch.save(module.state_dict(), tmp_path / "weights.pt")
        assert torch.load(tmp_path / "weights.pt", weights_only=True).keys() == module.state_dict().keys()


class TestProcesses:
    """Receivers that have built nothing."""

    def test_a_fresh_one_builds_it_from_the_page(self, module: nn.Module, tmp_path: Path) -> None:
        """With the same outputs, and a traceback that shows the source's lines."""
        image = torch.rand(2, *builder.load("alexnet_tiny").input.sizes)
        torch.save((module, image, module(image).detach()), tmp_path / "all.pt")
        script = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r})\nimport torch, inspect\n"
            "module, image, logits = torch.load('all.pt', weights_only=False)\n"
            "assert torch.equal(module(image), logits)\n"
            "print(inspect.getsource(type(module).forward))\n"
        )
        done = fresh(script, tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip().startswith("def forward(self, ")

    @pytest.mark.slow
    def test_spawned_workers_and_loaders_get_it(self, gated: nn.Module, tmp_path: Path) -> None:
        """Processes of multiprocessing, of a DataLoader and of joblib, with a plugin that they run themselves."""
        script = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
import joblib, torch, torch.multiprocessing as processes, builder

class Answers(torch.utils.data.Dataset):
    def __init__(self, module): self.module = module
    def __len__(self): return 2
    def __getitem__(self, index):
        with torch.no_grad(): return self.module(torch.ones(1, 3, 8, 8))[0]

def answer(module, image):
    with torch.no_grad(): return module(image).tolist()

if __name__ == "__main__":
    torch.manual_seed(0)
    module, image = builder.build("gated.yaml", plugins=["gct.py"]).eval(), torch.ones(1, 3, 8, 8)
    expected = answer(module, image)
    with processes.get_context("spawn").Pool(1) as pool:
        assert pool.apply(answer, (module, image)) == expected
    loader = torch.utils.data.DataLoader(Answers(module), 2, num_workers=1, multiprocessing_context="spawn")
    assert next(iter(loader)).tolist() == expected * 2
    assert joblib.Parallel(2)(joblib.delayed(answer)(module, image) for _ in range(2)) == [expected] * 2
    print("all the same")
"""
        done = fresh(script, tmp_path)
        assert done.stdout == "all the same\n", done.stderr

    def test_one_without_archcli_names_what_it_lacks(self, module: nn.Module, tmp_path: Path) -> None:
        """Before anything else is looked for, so that the answer is no riddle."""
        (tmp_path / "module.pkl").write_bytes(pickle.dumps(module))
        done = fresh("import pickle; pickle.load(open('module.pkl', 'rb'))", tmp_path, "-S", "-I")
        assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'builder'"


class TestContents:
    """What a pickle holds."""

    def test_holds_no_code(self, module: nn.Module) -> None:
        """The page, once, and names out of archcli, PyTorch and the standard library."""
        written = pickle.dumps(module, 2)
        named = {str(each).partition(".")[0] for each in globals_of(written)}
        assert named <= {
            "builder",
            "torch",
            "collections",
            "_codecs",
            "__builtin__",
        }  # the last two write bytes and sets
        assert written.count(b"alexnet_tiny") == written.count(b"name: alexnet_tiny") + 1 == 2
        assert b"class " not in written
        assert b"forward" not in written.replace(b"_forward_", b"")

    @pytest.mark.parametrize("name", ["alexnet_tiny", "alexse_cross", "googlenet", "resnet18"])
    def test_the_page_gives_the_same_source(self, name: str) -> None:
        """Docstrings and all."""
        graph = builder.load(name, classes=7)
        assert source(lower(page_from_text(resolved_page(graph.page, graph), "page"))) == source(graph)

    @pytest.mark.slow
    def test_the_page_gives_the_same_source_for_all_shipped(self) -> None:
        """For every network that can be built by its name alone."""
        families = {name for name, (path, member) in shipped_names().items() if member is None and path.stem == name}
        for name in shipped_names().keys() - (families - {"alexnet"}):
            graph = builder.load(name)
            assert document(lower(page_from_text(resolved_page(graph.page, graph), "page"))) == document(graph), name

    def test_another_source_is_refused(self, module: nn.Module) -> None:
        """As another version of archcli would write it: weights would meet layers that do other things."""
        _, (description, name), *_ = module.__reduce_ex__(2)
        network, page, plugins, _ = description
        with pytest.raises(RunError, match="alexnet_tiny cannot be unpickled here: its source is another") as caught:
            restore((network, page, plugins, "0" * 64), name)
        assert "`model.state_dict()`" in (caught.value.hint or "")
        with pytest.raises(RunError, match=r"alexnet_tiny cannot be unpickled here: .*`rellu`"):
            restore((network, page.replace("relu", "rellu"), plugins, "0" * 64), name)


def globals_of(written: bytes) -> set[str]:
    """Return what a pickle of protocol 2 imports."""
    return {
        str(argument).replace(" ", ".") for code, argument, _ in pickletools.genops(written) if code.name == "GLOBAL"
    }


class TestPlugins:
    """A plugin is code: it is run where it is the one that was used, and never otherwise."""

    SCRIPT = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
import pickle, torch
from builder.diagnostics import RunError
from builder.ops.plugins import read_plugin
LOADED
try:
    module = pickle.load(open("module.pkl", "rb"))
    print(type(SAID.body.gct).__name__)
except RunError as error:
    print(error.message, "help:", error.hint)
"""

    def unpickled(self, folder: Path, loaded: str = "", said: str = "module") -> str:
        """Return what a fresh process says of ``said`` that unpickles the module, after ``loaded``."""
        done = fresh(self.SCRIPT.replace("LOADED", loaded).replace("SAID", said), folder)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def test_is_run_where_it_lay(self, gated: nn.Module, tmp_path: Path) -> None:
        """In a process that has not loaded it."""
        (tmp_path / "module.pkl").write_bytes(pickle.dumps(gated))
        assert self.unpickled(tmp_path) == "GCT"

    def test_its_path_does_not_say_whose_it_is(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """And the same user finds it, from wherever that is tried."""
        monkeypatch.setenv("HOME", str(tmp_path))
        shutil.copy(GCT, tmp_path / "gct.py")
        (tmp_path / "gated.yaml").write_text(PAGE, "utf-8")
        module = builder.build(tmp_path / "gated.yaml", plugins=[tmp_path / "gct.py"])
        assert str(tmp_path).encode() not in pickle.dumps(module)
        (tmp_path / "module.pkl").write_bytes(pickle.dumps(module))
        assert self.unpickled(tmp_path) == "GCT"

    def test_is_sought_where_it_was_read_last(self, gated: nn.Module, tmp_path: Path) -> None:
        """A network of a first copy is still in use, and that copy has gone since; the class stays one."""
        pickle.dumps(gated)
        copy = tmp_path / "copy"
        copy.mkdir()
        (tmp_path / "gct.py").rename(copy / "gct.py")
        twin = builder.build(tmp_path / "gated.yaml", plugins=[copy / "gct.py"])
        assert type(twin) is type(gated)
        (tmp_path / "module.pkl").write_bytes(pickle.dumps([twin, gated]))
        assert self.unpickled(tmp_path, said="module[0]") == self.unpickled(tmp_path, said="module[1]") == "GCT"

    @pytest.mark.slow
    def test_is_taken_as_loaded(self, gated: nn.Module, tmp_path: Path) -> None:
        """From wherever that was, for its text is the same."""
        (tmp_path / "module.pkl").write_bytes(pickle.dumps(gated))
        (tmp_path / "gct.py").rename(tmp_path / "mine.py")
        assert self.unpickled(tmp_path, "read_plugin('mine.py')") == "GCT"

    def test_is_not_run_if_it_changed(self, gated: nn.Module, tmp_path: Path) -> None:
        """The answer names it and says how to go on."""
        (tmp_path / "module.pkl").write_bytes(pickle.dumps(gated))
        with (tmp_path / "gct.py").open("a") as file:
            file.write("\nopen('was_run', 'w').close()\n")
        said = self.unpickled(tmp_path)
        assert said.startswith("gated was built with the plugin gct.py: `")
        assert "has changed since the plugin was loaded help: run the right one first:" in said
        assert '`builder.ops.plugins.read_plugin("gct.py")`' in said
        assert not (tmp_path / "was_run").exists()

    @pytest.mark.slow
    def test_is_asked_for_if_it_is_gone(self, gated: nn.Module, tmp_path: Path) -> None:
        """By its name."""
        (tmp_path / "module.pkl").write_bytes(pickle.dumps(gated))
        (tmp_path / "gct.py").unlink()
        assert "No such file or directory help: run the right one first" in self.unpickled(tmp_path)
