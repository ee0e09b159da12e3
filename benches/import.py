"""Loads an exported model, and the same weights as a state dict, and runs it in Python; an ONNX file is loaded and run by ONNX
Runtime, which has no gradients. The peer of the bench `import`, which starts it.

    python benches/import.py MODEL HEIGHT WIDTH

prints one line of JSON: medians in milliseconds, and in MB by how much loading raised the most memory the process ever held.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch


def median(run, times: int = 20) -> float:
    """Milliseconds, after two runs that do not count."""
    taken = []
    for _ in range(times + 2):
        start = time.perf_counter()
        run()
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken[2:])


def peak() -> float:
    """The most memory this process has held, in MB, without what its parent held before it, as getrusage counts it."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def loading(load) -> dict[str, float]:
    before = peak()
    load()
    return {"memory": peak() - before, "load": median(load, 5)}


def by_runtime(archive: str, height: int, width: int) -> dict[str, float]:
    import onnxruntime

    found = loading(lambda: onnxruntime.InferenceSession(archive))
    session = onnxruntime.InferenceSession(archive)
    given = {session.get_inputs()[0].name: torch.ones(1, 3, height, width).numpy()}
    return found | {"forward": median(lambda: session.run(None, given))}


def main() -> None:
    archive, height, width = sys.argv[1:]
    if archive.endswith(".pth"):
        print(json.dumps(loading(lambda: torch.load(archive))))
        return
    if archive.endswith(".onnx"):
        print(json.dumps(by_runtime(archive, int(height), int(width))))
        return
    found = loading(lambda: torch.export.load(archive))
    program = torch.export.load(archive)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.pth"
        torch.save(program.state_dict, weights)
        # In a process of its own, for the most that this one held is known only once.
        again = [sys.executable, __file__, str(weights), height, width]
        found["weights"] = json.loads(subprocess.run(again, check=True, capture_output=True).stdout)

    module = program.module()
    x = torch.ones(1, 3, int(height), int(width), requires_grad=True)
    for parameter in module.parameters():
        parameter.requires_grad_(False)

    def forward() -> None:
        with torch.no_grad():
            module(x)

    found["forward"] = median(forward)
    found["backward"] = median(lambda: torch.autograd.grad(module(x)[0, 0], x))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
