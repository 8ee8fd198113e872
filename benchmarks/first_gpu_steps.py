"""What the first hour on a GPU tries, step by step: see ``benchmarks.first_gpu``, which takes them."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from benchmarks.first_gpu import Findings, Place, Step, SurpriseError
from builder.costs import graph_cost
from builder.diagnostics import ArchError
from builder.lowering import load
from builder.lowering.pages import shipped_names
from builder.runtime.compile import build
from builder.training.data.batches import Batches
from builder.training.device.devices import Hardware, choose_device
from builder.training.device.failures import is_out_of_memory
from builder.training.device.kinds import best_kind
from builder.training.folder.checkpoints import read_checkpoint
from builder.training.recipe.recipe import load_recipe
from builder.training.speed.benchmark import random_images
from builder.training.steps.cuda_graph import choose_step, recorder_for
from builder.training.steps.optimizers import make_optimizer
from builder.training.steps.step import EagerStep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[1]
CLI = (sys.executable, str(ROOT / "cli.py"))
LIMIT = 900.0  # seconds of one command; the machine may be lent by the minute
TIMED = 20  # steps of each shipped page


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def tail(self) -> str:
        """The last lines of what it said."""
        return "\n".join((self.err.strip() or self.out.strip()).splitlines()[-4:])


def run(command: Sequence[object], variables: Mapping[str, str] | None = None) -> Ran:
    """Run a command from the root of the repository until it ends, or LIMIT is over."""
    words = [str(each) for each in command]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | dict(variables or {})
    try:
        done = subprocess.run(
            words, check=False, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=LIMIT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SurpriseError(f"`{shlex.join(words)}` did not end: {error}") from error
    return Ran(done.returncode, done.stdout, done.stderr)


def archcli(*words: object, variables: Mapping[str, str] | None = None) -> Ran:
    """Run a command of the program; SurpriseError unless it ends with 0."""
    ran = run([*CLI, *words], variables)
    if ran.code != 0:
        raise SurpriseError(f"`archcli {shlex.join(map(str, words))}` ended with {ran.code}: {ran.tail}")
    return ran


def train(place: Place, name: str, page: str, *words: object) -> Path:
    """Train, and return the folder of the run, which has none of that name before it."""
    runs = place.folder.absolute() / "runs"
    for old in runs.glob(f"{name}-*"):
        shutil.rmtree(old)
    archcli("train", page, "--runs-dir", runs, "--name", name, "-q", *words)
    return run_called(runs, name)


def run_called(runs: Path, name: str) -> Path:
    """Return the newest run of that name; SurpriseError if there is none."""
    found = sorted(runs.glob(f"{name}-*"))
    if not found:
        raise SurpriseError(f"no run `{name}` lies in {runs}")
    return found[-1]


def summary(folder: Path) -> dict[str, Any]:
    """Return the summary of a run."""
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text("utf-8"))
    return found


def differing(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> list[str]:
    """Return the names of tensors that are not the same bits in both, or are in one alone."""
    names = sorted(one.keys() | other.keys())
    return [name for name in names if name not in one or name not in other or not torch.equal(one[name], other[name])]


def same_bits(found: Findings, what: str, one: Path, other: Path) -> None:
    """Expect two runs' best weights and last checkpoints to hold the same tensors."""
    for file in ("best.safetensors", "last.safetensors"):
        names = differing(read_checkpoint(one / file).tensors, read_checkpoint(other / file).tensors)
        found.facts[f"{what}: tensors of {file} that differ"] = len(names)
        found.expect(not names, f"{what}: {len(names)} tensors of {file} differ, the first is {names[:1]}")


def counted(report: str) -> dict[str, int]:
    """Return how many tests passed, failed and were skipped, from pytest's last line."""
    return {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped|error)", report)}


def fell_back(step: str) -> bool:
    """Return whether a run's ``step`` is not the CUDA graph that was expected."""
    return not step.startswith("CUDA graph")


def machine(_place: Place, found: Findings) -> None:
    """Ask the driver, the program and torch."""
    if shutil.which("nvidia-smi"):
        found.facts["nvidia-smi"] = run(["nvidia-smi"]).out.splitlines()[:20]
    examined = json.loads(run([*CLI, "doctor", "--json"]).out)["findings"]
    (device,) = (each for each in examined if each["topic"] == "device")
    found.facts["device"] = device
    found.expect(device["status"] == "ok", f"doctor says of the device: {device['found']}")
    hardware = Hardware.of(choose_device())
    found.facts |= {"hardware": vars(hardware), "free memory": best_kind().free_memory(choose_device())}
    if best_kind().has_tf32_switch:
        found.facts["kernels"] = torch.cuda.get_arch_list()


def tests(_place: Place, found: Findings) -> None:
    """Run the tests that need a GPU, and their neighbors."""
    for files in (
        ("tests/training/steps/test_cuda_graph.py", "-k", "OnGpu"),
        ("tests/training/data/test_batches.py", "tests/training/device", "tests/training/steps/test_step.py"),
    ):
        ran = run([sys.executable, "-m", "pytest", "-q", *files, "-o", "addopts=--import-mode=importlib"])
        found.facts[files[0]] = counts = counted(ran.out)
        found.expect(ran.code == 0, f"tests fail: {ran.out.strip().splitlines()[-3:]}")
        found.expect(counts.get("passed"), f"none of {files[0]} was run")


TINY = ("--data", "digits", "--set", "epochs=3", "--seed", "1")


def small_runs(place: Place, found: Findings) -> None:
    """Train four times: as it comes, step by step, and both so that bits repeat."""
    as_it_comes = train(place, "auto", "alexnet_tiny", *TINY)
    train(place, "eager", "alexnet_tiny", *TINY, "--step", "eager")
    graphed = train(place, "exact", "alexnet_tiny", *TINY, "--deterministic")
    stepped = train(place, "exact-eager", "alexnet_tiny", *TINY, "--deterministic", "--step", "eager")
    for folder in (as_it_comes, graphed):
        step = str(summary(folder)["step"])
        found.facts[f"step of {folder.name}"] = step
        if best_kind().has_graphs:
            found.expect(not fell_back(step), f"no CUDA graph was taken: {step}")
    same_bits(found, "graph and steps", graphed, stepped)


def killed(place: Place, found: Findings) -> None:
    """Kill a deterministic run with dropout in its second epoch, go on, and compare."""
    words = ("--data", "digits", "--set", "epochs=3", "--seed", "1", "--deterministic")
    whole = train(place, "whole", "alexnet", *words)
    runs = place.folder.absolute() / "runs"
    for old in runs.glob("killed-*"):
        shutil.rmtree(old)
    process = subprocess.Popen([*CLI, "train", "alexnet", *words, "--runs-dir", runs, "--name", "killed", "-q"])
    metrics, until = runs / "killed-001" / "metrics.csv", time.monotonic() + LIMIT
    while time.monotonic() < until and process.poll() is None:
        if metrics.exists() and len(metrics.read_text("utf-8").splitlines()) >= 2:
            break
        time.sleep(0.05)
    found.expect(process.poll() is None, "the run ended before it could be killed")
    process.send_signal(signal.SIGKILL)
    process.wait()
    folder = run_called(runs, "killed")
    archcli("resume", folder, "-q")
    same_bits(found, "killed and whole", folder, whole)


def evaluated(place: Place, found: Findings) -> None:
    """Evaluate the runs of step 2 once more."""
    for name in ("auto", "eager", "exact", "exact-eager"):
        folder = run_called(place.folder.absolute() / "runs", name)
        said, now = summary(folder), json.loads(archcli("evaluate", folder, "--json", "-q").out)
        pairs = {"accuracy": (said["test_accuracy"], now["accuracy"]), "loss": (said["test_loss"], now["loss"])}
        found.facts[folder.name] = pairs
        for what, (before, after) in pairs.items():
            found.expect(before == after, f"{what} of {folder.name} was {before}, and `evaluate` says {after}")


def benched(_place: Place, found: Findings) -> None:
    """Measure the report's networks at its batch sizes, and small ones."""
    wanted = [("alexnet", batch) for batch in (4, 1, 32, 128)] + [("resnet18", batch) for batch in (4, 1, 32, 128)]
    for page, batch in (*wanted, ("alexnet_tiny", 4), ("resnet20", 4)):
        words = ("--data", "random", "--batch", batch, "--seconds", 60 if (page, batch) == wanted[0] else 20)
        result = json.loads(archcli("bench", page, *words, "--json", "-q").out)
        kept = ("precision", "precision_reason", "step", "rates", "alternatives", "faster", "limit")
        found.facts[f"{page}, batch {batch}"] = {name: result[name] for name in kept}
        if result["faster"]:
            found.notes.append(f"{page}, batch {batch}: {result['faster']} is faster than {result['precision']}")
        if best_kind().has_graphs:
            found.expect(not fell_back(result["step"]), f"{page}, batch {batch}: {result['step']}")
        found.expect(not str(result["faster"]).endswith("eager"), f"{page}, batch {batch}: slower as a graph")


def profiled(place: Place, found: Findings) -> None:
    """Look at the report's recipe under Nsight for twenty seconds."""
    if shutil.which("nsys") is None:
        found.notes.append("`nsys` is not here: install Nsight Systems, and take this step alone")
        return
    to = place.folder.absolute() / "lab"
    words = (
        "train",
        "alexnet",
        "--data",
        "cifar10",
        "--data-dir",
        place.data_dir.absolute(),
        "--set",
        "epochs=1",
        "-q",
    )
    options = (
        "-t",
        "cuda,nvtx",
        "--cuda-graph-trace=node",
        "--delay",
        40,
        "--duration",
        20,
        "--force-overwrite",
        "true",
    )
    run(["nsys", "profile", *options, "-o", to, *CLI, *words, "--runs-dir", place.folder.absolute() / "runs"])
    ran = run(["nsys", "stats", "--report", "cuda_gpu_kern_sum,cuda_gpu_mem_time_sum", f"{to}.nsys-rep"])
    found.facts["kernels"] = ran.out.splitlines()[:60]
    found.expect(ran.code == 0, f"nsys has no report: {ran.tail}")


def all_pages(_place: Place, found: Findings) -> None:
    """Take some steps of every shipped page as a graph."""
    device = choose_device()
    for name in shipped_names():
        try:
            graph = load(name)
        except ArchError:
            continue  # templates
        found.facts[name] = row = page_steps(name, device)
        if row.get("step", "").startswith("eager: ") and "memory" not in row["step"] and best_kind().has_graphs:
            raise SurpriseError(f"{name} ({graph_cost(graph).parameters:,} parameters): {row['step']}")
    found.expect(found.facts, "no page is shipped")


def page_steps(name: str, device: torch.device) -> dict[str, Any]:
    """Return how steps of a page's network are taken on ``device``, their milliseconds, and the memory they took."""
    graph = load(name)
    channels, size, _ = graph.input.sizes
    recipe = load_recipe("lab").model_copy(update={"batch_size": 4}).at(size)
    batches = Batches(random_images(8, channels, graph.classes).train, recipe, device)
    try:
        model = build(graph).to(device)
        eager = EagerStep(model, make_optimizer(recipe.optimizer, model), recipe)
        step, how = choose_step(eager, "graph", recorder_for(device), lambda: next(batches.epoch(1)))
        batch = next(batches.epoch(1))
        step(batch, 0.001)
        best_kind().synchronize(device)
        began = time.perf_counter()
        for _ in range(TIMED):
            step(batch, 0.001)
        best_kind().synchronize(device)
        taken = 1000 * (time.perf_counter() - began) / TIMED
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return {"step": "too little memory"}
    finally:
        best_kind().empty_cache()
    peak = torch.accelerator.max_memory_allocated(device)
    torch.accelerator.reset_peak_memory_stats(device)
    return {"step": str(how), "ms": round(taken, 3), "peak bytes": peak}


def too_large(place: Place, found: Findings) -> None:
    """Ask for batches that no GPU has room for."""
    for variables in ({}, {"PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True"}):
        for page, batch in (("vgg16", 4096), ("resnet152", 1024)):
            words = ("train", page, "--data", "cifar10", "--data-dir", place.data_dir, "--subset", batch + 1, "--set")
            more = ("epochs=1", "--set", f"batch_size={batch}", "--runs-dir", place.folder.absolute() / "runs", "-q")
            ran = run([*CLI, *words, *more], variables)
            found.facts[f"{page}, batch {batch}, {variables or 'as it is'}"] = ran.tail
            found.expect("Traceback" not in ran.err and ran.code in {0, 1}, f"{page}: exit {ran.code}: {ran.tail}")
            if ran.code == 0:
                found.notes.append(f"{page} with {batch} images fits on this GPU")
            else:
                found.expect("fits" in ran.err, f"{page}: no batch that fits is named: {ran.tail}")


def studied(place: Place, found: Findings) -> None:
    """Run the small study with one worker, and with four of which one is killed."""
    for workers in (1, 4):
        studies = place.folder.absolute() / f"studies-{workers}"
        shutil.rmtree(studies, ignore_errors=True)
        words = ("study", "run", "digits_placement", "--studies-dir", studies, "--workers", workers, "-q")
        process = subprocess.Popen([*CLI, *words], stdout=subprocess.DEVNULL)
        most, until, has_killed = 0, time.monotonic() + LIMIT, workers == 1
        while process.poll() is None and time.monotonic() < until:
            used = run(["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]).out.split()
            most = max([most, *(int(each) for each in used)])
            launchers = run(["pgrep", "-P", process.pid]).out.split()  # in sessions of their own
            children = run(["pgrep", "-f", "spawn_main", "-s", ",".join(launchers)]).out.split() if launchers else []
            if not has_killed and len(children) >= workers and list(studies.rglob("metrics.csv")):
                os.kill(int(children[0]), signal.SIGKILL)
                has_killed = True
            time.sleep(1)
        found.facts[f"{workers} workers"] = {"exit": process.poll(), "most MB": most}
        if process.poll() is None:
            process.terminate()
            found.notes.append(f"{workers} workers: not done after {LIMIT:.0f} s, and stopped")
        else:
            found.expect(process.returncode == 0, f"the study ended with {process.returncode} with {workers} workers")


def two_gpus(place: Place, found: Findings) -> None:
    """Train on two GPUs at once, stopped and gone on with."""
    if best_kind().count() < 2:
        found.notes.append("there is one GPU here: take this step alone where there are two")
        return
    runs = place.folder.absolute() / "runs"
    start = (sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", 2, CLI[1])
    for sync in ("false", "true"):
        name = f"two-{sync}"
        for old in runs.glob(f"{name}-*"):
            shutil.rmtree(old)
        words = ("train", "resnet18", "--data", "digits", "--set", f"sync_batchnorm={sync}", "--set", "epochs=2")
        ran = run([*start, *words, "--deterministic", "--runs-dir", runs, "--name", name, "-q"])
        found.facts[name] = ran.code
        found.expect(ran.code == 0, f"two processes ended with {ran.code}: {ran.tail}")
    found.notes.append("by hand: kill one of the two, and look for `another process of this run has ended`")


def other_devices(_place: Place, found: Findings) -> None:
    """Compare the first batch on the device with that of a CPU; say which other machine is to be tried."""
    recipe = load_recipe("lab").at(64)
    images = random_images(64, 3).train
    there, here = (next(Batches(images, recipe, each).epoch(1)) for each in (choose_device(), torch.device("cpu")))
    found.expect(torch.equal(there.images.cpu(), here.images), "the first batch is not that of the CPU")
    found.expect(torch.equal(there.labels.cpu(), here.labels), "its labels are not those of the CPU")
    found.notes.append("take steps 0, 1 and 5 on a T4 (bf16 must not be offered there), and 2 and 11 on a Mac")


def moved(place: Place, found: Findings) -> None:
    """Go on on the GPU with a run of the CPU, and back; train where a plugin has set torch's newer switches."""
    runs, device = place.folder.absolute() / "runs", str(choose_device())
    for first, second in (("cpu", device), (device, "cpu")):
        folder = train(place, f"from-{first}", "alexnet_tiny", *TINY[:2], "--set", "epochs=1", "--device", first,
                       "--set", "schedule=constant")  # fmt: skip
        ran = archcli("resume", folder, "--set", "epochs=2", "--device", second)
        found.facts[f"{first} to {second}"] = said = [line for line in ran.err.splitlines() if "warning" in line]
        found.expect(any("dropout: random numbers of" in line for line in said), f"{first} to {second} says nothing")
    program = "import runpy, sys, torch; torch.backends.cuda.matmul.fp32_precision = 'tf32'; "
    words = [CLI[1], "train", "alexnet_tiny", *TINY[:2], "--set", "epochs=1", "--runs-dir", str(runs), "-q"]
    program += (
        f"sys.argv = {words!r}; sys.path.insert(0, {str(ROOT)!r}); runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    ran = run([sys.executable, "-c", program])
    found.expect(ran.code == 0, f"with torch's newer switch set it ends with {ran.code}: {ran.tail}")


STEPS = (
    Step(0, "the machine", 1, "doctor names the GPU, which computes; PyTorch holds kernels for it", machine),
    Step(1, "the tests that need a GPU", 3, "capture, dropout, resume, fallback, bits of batches: all pass", tests),
    Step(2, "four small runs", 3, "a CUDA graph is taken; deterministic steps have its bits", small_runs),
    Step(
        3, "killed and gone on with", 5, "a deterministic run with dropout ends in the bits of one that was not", killed
    ),
    Step(4, "evaluated again", 1, "accuracy and loss are those of the summary, to the last digit", evaluated),
    Step(5, "benchmarks", 10, "each step is a graph and no slower than without; what is faster is noted", benched),
    Step(
        6,
        "a profile",
        8,
        "no gap between replays, no copy from pageable memory, no convolution that sticks out",
        profiled,
    ),
    Step(7, "every shipped page", 8, "each is recorded, or has too little memory", all_pages),
    Step(8, "too little memory", 5, "a batch that fits is named, without a traceback", too_large),
    Step(9, "a study", 8, "four workers share a GPU, one may be killed, memory does not grow", studied),
    Step(10, "two GPUs", 8, "two processes train, with and without shared statistics", two_gpus),
    Step(11, "other devices", 10, "the first batch is that of a CPU, bit for bit", other_devices),
    Step(12, "from CPU to GPU and back", 2, "runs go on and say what is new; a plugin's switch stops nothing", moved),
)
"""In order of what they are worth."""
