"""What `benchmarks.lab` keeps of a run and of a benchmark: small JSON files, without paths of the machine."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from builder.files import write_text
from builder.json_output import encode
from builder.training.folder.metrics import EpochMetrics

if TYPE_CHECKING:
    from pathlib import Path

    from builder.commands.bench import Benched
    from builder.training.folder.record import Record

KEPT = (
    "device", "precision", "python", "packages", "threads", "cpu_capability", "deterministic_algorithms",
    "float32_matmul_precision", "fp32_precision", "git",
)  # fmt: skip
"""What is kept of the description of a machine: nothing that names it, its users or its folders."""


@dataclass(frozen=True)
class Result:
    """A finished run: its recipe, data, machine and summary as JSON values, and its epochs."""

    network: str
    seed: int
    recipe: dict[str, Any]
    data: dict[str, Any]
    environment: dict[str, Any]
    summary: dict[str, Any]
    epochs: tuple[EpochMetrics, ...]

    @classmethod
    def of(cls, network: str, seed: int, record: Record) -> Result:
        """Return what is kept of a run that has ended."""
        assert record.summary is not None, f"{record.folder.path} has not ended"
        data = {name: value for name, value in record.data.items() if name != "folder"}
        environment = {name: record.environment[name] for name in KEPT if name in record.environment}
        summary = asdict(record.summary)
        return cls(network, seed, record.recipe.model_dump(mode="json"), data, environment, summary, record.rows)

    @property
    def best_val_accuracy(self) -> float:
        """The best validation accuracy, from 0 to 1."""
        return float(self.summary["best_val_accuracy"])

    @property
    def device(self) -> str:
        """The device as a person names it."""
        return str(self.environment.get("device", "an unknown device"))


@dataclass(frozen=True)
class Benchmark:
    """What `archcli bench` measured for a network at one size of batches, as JSON values."""

    network: str
    batch: int
    measured: dict[str, Any]

    @classmethod
    def of(cls, benched: Benched) -> Benchmark:
        """Return what is kept of a benchmark: all but its pictures."""
        measured = json.loads(encode(benched))
        measured.pop("figures", None)
        return cls(benched.page, benched.batch_size, measured)

    @property
    def floor(self) -> float:
        """The least seconds of a step."""
        return float(self.measured["limit"]["seconds"])

    @property
    def device(self) -> str:
        """The device as a person names it."""
        return str(self.measured["device"])


class Results:
    """The folder of the JSON files."""

    def __init__(self, folder: Path) -> None:
        """Take a folder, which need not be there yet."""
        self.folder = folder

    def run(self, network: str, seed: int) -> Result | None:
        """Return a finished run, None where there is none."""
        found = self._read(f"{network}-seed{seed}.json")
        if found is None:
            return None
        return Result(**found | {"epochs": tuple(EpochMetrics(**row) for row in found["epochs"])})

    def runs(self, network: str) -> list[Result]:
        """Return all finished runs of a network by seed."""
        numbers = (path.stem.rpartition("-seed")[2] for path in self.folder.glob(f"{network}-seed*.json"))
        return [result for seed in sorted(map(int, numbers)) if (result := self.run(network, seed)) is not None]

    def benchmark(self, network: str, batch: int) -> Benchmark | None:
        """Return a benchmark, None where there is none."""
        found = self._read(f"{network}-bench{batch}.json")
        return None if found is None else Benchmark(**found)

    def keep(self, made: Result | Benchmark) -> None:
        """Write what was made, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"seed{made.seed}" if isinstance(made, Result) else f"bench{made.batch}"
        write_text(self.folder / f"{made.network}-{name}.json", json.dumps(asdict(made), indent=1) + "\n")

    def _read(self, name: str) -> dict[str, Any] | None:
        path = self.folder / name
        return json.loads(path.read_text("utf-8")) if path.exists() else None
