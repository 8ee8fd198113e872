#!/bin/sh
# Makes everything in this folder but page/, commands.json, README.md and itself, with the program of another checkout.
#
#   git worktree add --detach BASE 561c7d4
#   BASE=/path/of/BASE PYTHON=/path/of/python OUT=/path/of/an/empty/folder sh tests/kept/make.sh
#
# PYTHON has the dependencies of constraints.txt, without which the bits are others.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
: "${BASE:?}" "${PYTHON:?}" "${OUT:?}"
export HERE BASE OUT PYTHONPATH="$BASE" PYTHONDONTWRITEBYTECODE=1
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
export ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_CBWR=COMPATIBLE THP_MEM_ALLOC_ENABLE=1
export NO_COLOR=1 COLUMNS=120 LC_ALL=C.UTF-8 CUDA_VISIBLE_DEVICES= ARCHCLI_CACHE=
archcli() { "$PYTHON" "$BASE/cli.py" "$@"; }

mkdir -p "$OUT/work" "$OUT/kept"
cp -r "$HERE/page" "$HERE/commands.json" "$OUT/work"
cd "$OUT/work"
"$PYTHON" -c "import builder, os, pathlib
assert pathlib.Path(builder.__file__).is_relative_to(os.environ['BASE']), builder.__file__"

# 1. the runs
TRAIN="train page/tiny.yaml --data digits --recipe page/tiny_recipe.yaml --device cpu --precision fp32 --layout contiguous -q"
archcli $TRAIN --name finished
archcli $TRAIN --set epochs=6 --name undisturbed
cat > interrupt.py <<'END'
"""Run the command line, and send this process SIGTERM after a step of an epoch: EPOCH STEP COMMAND…"""
import os, signal, sys
import cli
from builder.training.trainer import _Run
epoch, step = int(sys.argv[1]), int(sys.argv[2])
before = _Run._after_step
def after_step(self, done):
    if (self.position.epoch, done) == (epoch, step):
        os.kill(os.getpid(), signal.SIGTERM)
    before(self, done)
_Run._after_step = after_step
sys.argv = ["archcli", *sys.argv[3:]]
cli.main()
END
"$PYTHON" interrupt.py 3 17 $TRAIN --set epochs=6 --name interrupted || test $? -eq 143
for name in finished interrupted undisturbed; do mv "runs/$name-001" "$name"; done

"$PYTHON" "$BASE/cli.py" train page/tiny_language1.yaml --data digits --device cpu --precision fp32 --layout contiguous \
    --set epochs=1 --set lr=0.05 --set batch_size=64 --name language1 -q
mv runs/language1-001 language1

# 2. the study; on one core, so that its workers have one thread
taskset -c 0 "$PYTHON" "$BASE/cli.py" study run page/tiny_study.yaml --device cpu --workers 1 -q
mv study-runs/tiny_study-001 study

# 3. what is only of this machine
cat > scrub.py <<'END'
import json, pathlib, platform
def change(path, **values):
    found = json.loads(path.read_text("utf-8"))
    indent = len(path.read_text("utf-8").splitlines()[1]) - len(path.read_text("utf-8").splitlines()[1].lstrip())
    for key, value in values.items():
        place, *inner = key.split("__")
        if inner:
            found[place][inner[0]] = value(found[place][inner[0]])
        else:
            found[place] = value(found[place])
    path.write_text(json.dumps(found, indent=indent) + "\n", "utf-8")
for run in map(pathlib.Path, ("finished", "interrupted", "undisturbed", "language1")):
    change(run / "data.json", folder=lambda _: "data")
change(pathlib.Path("study/plan.json"), data__folder=lambda _: "data")
change(pathlib.Path("study/running.json"), host=lambda _: "host", pid=lambda _: 1)
for path in pathlib.Path().glob("**/environment.json"):
    change(path, command=lambda words: ["archcli" if words[0].endswith("cli.py") else "worker.py",
                                        *(each.removeprefix(f"{pathlib.Path.cwd()}/") for each in words[1:])],
           platform=lambda _: f"{platform.system()}-{platform.machine()}")
for pattern in (".lock", ".claim", "*.png", "model.py", "interrupted/*.svg", "interrupted/prev.safetensors",
                "finished/prev.safetensors", "language1/*.svg", "language1/last.safetensors", "language1/prev.safetensors", "study/cells/*/*.svg"):
    for path in pathlib.Path().glob(f"**/{pattern}" if "/" not in pattern else pattern):
        path.unlink()
(pathlib.Path("study/workers/0.log")).unlink()
pathlib.Path("study/workers").rmdir()
END
"$PYTHON" scrub.py
cp -r page finished interrupted language1 study "$OUT/kept"

# 4. the interrupted run gone on with, twice, and with it the finished one to as many epochs
cat > whole.py <<'END'
import hashlib, json, os, pathlib, shutil, subprocess, sys
from safetensors import safe_open
def digests(path):
    """SHA-256 of each tensor's bytes, by name."""
    with safe_open(path, "pt") as file:
        return {name: hashlib.sha256(file.get_tensor(name).contiguous().reshape(-1).numpy().tobytes()).hexdigest()
                for name in sorted(file.keys())}
def ended(run):
    rows = [line.rsplit(",", 1)[0] for line in (run / "metrics.csv").read_text("utf-8").splitlines()]
    return {name: digests(run / f"{name}.safetensors") for name in ("best", "last")}, rows
ends = [ended(pathlib.Path("undisturbed"))]
for name, source, more in (("one", "interrupted", []), ("two", "interrupted", []),
                           ("longer", "finished", ["--set", "epochs=6"])):
    shutil.copytree(source, name)
    command = [sys.executable, os.environ["BASE"] + "/cli.py", "resume", name, "--device", "cpu", "-q", *more]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    ends.append(ended(pathlib.Path(name)))
assert all(each == ends[0] for each in ends), "the bits are not the same"
whole = pathlib.Path(os.environ["OUT"], "kept", "interrupted_whole")
whole.mkdir()
for name in ("metrics.csv", "summary.json"):
    shutil.copy(pathlib.Path("one") / name, whole)
(whole / "weights.json").write_text(json.dumps(ends[1][0], indent=1) + "\n", "utf-8")
END
"$PYTHON" whole.py

# 5. what commands print and draw: each in commands.json, in a copy of what is kept, as a test does it
cat > outputs.py <<'END'
import hashlib, json, os, pathlib, shutil, subprocess, sys
from safetensors import safe_open
kept, copy = pathlib.Path(os.environ["OUT"], "kept"), pathlib.Path(os.environ["OUT"], "copy")
shutil.copytree(kept, copy)
(kept / "outputs").mkdir()
def content(path):
    """SHA-256 of a file; of weights, that over every tensor's name, type, shape and bytes."""
    if path.suffix != ".safetensors":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    with safe_open(path, "pt") as file:
        for name in sorted(file.keys()):
            tensor = file.get_tensor(name)
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            digest.update(tensor.contiguous().reshape(-1).numpy().tobytes())
    return digest.hexdigest()
digests = {}
for each in json.loads(pathlib.Path("commands.json").read_text("utf-8")):
    for parent in {pathlib.Path(copy, name).parent for name in (*each.get("files", {}), *each.get("digests", []))}:
        parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, os.environ["BASE"] + "/cli.py", *each["argv"]]
    done = subprocess.run(command, cwd=copy, capture_output=True)
    assert done.returncode == each.get("exit", 0), (each, done)
    for stream in ("stdout", "stderr"):
        if stream in each:
            (kept / "outputs" / each[stream]).write_bytes(getattr(done, stream))
    for made, name in each.get("files", {}).items():
        shutil.copy(copy / made, kept / "outputs" / name)
    for pattern in each.get("digests", []):
        paths = sorted(copy.glob(pattern))
        assert paths, pattern
        digests |= {str(path.relative_to(copy)): content(path) for path in paths}
(kept / "outputs" / "digests.json").write_text(json.dumps(digests, indent=1) + "\n", "utf-8")
END
"$PYTHON" outputs.py
cp "$HERE/commands.json" "$HERE/make.sh" "$OUT/kept"
