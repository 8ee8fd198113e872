"""The examples of docs/export.md: exported source in timm and at Hugging Face, without this project."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from safetensors import safe_open

if TYPE_CHECKING:
    from tests.command_line import Archcli

GUIDE = Path(__file__).parents[2] / "docs" / "export.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
FACTS = """
import sys, torch
assert "builder" not in sys.modules
assert model.state_dict()["classifier.6.weight"].shape == (5, 4096)
print(tuple(model.eval()(torch.zeros(2, 3, 224, 224)).shape))
"""


def example(*words: str) -> str:
    """Return the guide's one example in which all of these words stand."""
    (found,) = (each for each in EXAMPLES if all(word in each for word in words))
    return found


def ran(script: str, folder: Path) -> str:
    """Return the last line that a script prints which is run in a folder; nothing is asked of the network."""
    (folder / "script.py").write_text(script)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, check=False,
        env={"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "HF_HOME": str(folder / "home")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.fixture
def folder(tmp_path: Path, archcli: Archcli) -> Path:
    """Return a folder with the exported source."""
    assert archcli("export", "alexse_both", "--to", "python", "-o", tmp_path / "alexse_both.py").code == 0
    return tmp_path


@pytest.mark.slow
class TestTimm:
    """``timm.register_model`` and ``timm.create_model``."""

    def test_a_registered_network_is_made_with_another_number_of_classes(self, folder: Path) -> None:
        """As the guide says it."""
        (folder / "networks.py").write_text(example("register_model"))
        assert ran(example("timm.create_model", "import networks") + FACTS, folder) == "(2, 5)"

    def test_it_takes_a_file_of_weights(self, folder: Path, archcli: Archcli) -> None:
        """All keys are found."""
        (folder / "networks.py").write_text(example("register_model"))
        weights = folder / "alexse_both.safetensors"
        assert archcli("export", "alexse_both", "--to", "safetensors", "-o", weights).code == 0
        script = """
import timm, networks
from safetensors.torch import load_file
model = timm.create_model("alexse_both", checkpoint_path="alexse_both.safetensors")
kept = load_file("alexse_both.safetensors")
print(all((model.state_dict()[name] == kept[name]).all() for name in model.state_dict()))
"""
        assert ran(script, folder) == "True"


@pytest.mark.slow
class TestHuggingFace:
    """``PyTorchModelHubMixin``."""

    def test_a_saved_network_is_loaded_with_its_number_of_classes(self, folder: Path) -> None:
        """As the guide says it; the folder holds weights by the page's keys."""
        assert ran(example("PyTorchModelHubMixin") + FACTS, folder) == "(2, 5)"
        saved = folder / "alexse_both_5"
        assert json.loads((saved / "config.json").read_text()) == {"num_classes": 5}
        with safe_open(saved / "model.safetensors", "pt") as weights:
            assert "block1.se.fc1.weight" in weights.keys()  # noqa: SIM118 - it is no mapping
