"""Reglet beside its peers, on the same weights and pictures, in turn: what `cargo xtask bench --peers` runs.

    python benches/compare.py --reglet target/debug/reglet --data DATA_DIR [--runs 5] [--reference-steps 512]

DATA_DIR holds `models/` and `photos/` or `isic-ruler/images/` as its own README says. Prints a table of medians and
ratios, which it also writes to benches/RESULTS.md. Peak memory is that of the largest process, as the system counts it.
"""

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent

# Each model with its architecture and the pictures it is shown.
MODELS = {
    "ResNet-18, ImageNet": ("resnet18", "resnet18-imagenet.safetensors", "photos"),
    "MobileNetV2, ImageNet": ("mobilenet_v2", "mobilenet_v2-b0353104.pth", "photos"),
    "ResNet-18, ISIC, biased": ("resnet18", "resnet18-isic-biased.f16.safetensors", "isic-ruler/images"),
    "ResNet-18, ISIC, clean": ("resnet18", "resnet18-isic-clean.f16.safetensors", "isic-ruler/images"),
}

# What Captum takes, and the secants that come as near to the integral (benches/NOTES.md).
RULES = {"50 nodes": ("gauss_legendre", 50), "20 secants": ("secant", 20)}
PICTURES = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reglet", type=Path, required=True, help="the program reglet")
    parser.add_argument("--data", type=Path, required=True, help="the folder of weights and pictures")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--reference-steps", type=int, default=0, help="also measure each map's distance to one of so many steps"
    )
    parser.add_argument("--compile", action="store_true", help="also against torch.compile, which takes minutes to begin")
    parser.add_argument("--device", default="cpu", help="where Integrated Gradients run: cpu, or cuda:N")
    parser.add_argument("--integrals", action="store_true", help="compare Integrated Gradients alone")
    parser.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    args = parser.parse_args()

    rows = [] if args.integrals else whole_processes(args) + audits(args)
    rows += integrals(args)
    table = render(rows, args)
    print(table)
    args.out.write_text(table)


def whole_processes(args) -> list[tuple]:
    """`reglet explain` against the notebook, start to finish, in turn."""
    architecture, weights, _ = MODELS["ResNet-18, ImageNet"]
    picture, weights = args.data / "photos" / "doberman.png", args.data / "models" / weights
    with tempfile.TemporaryDirectory() as out:
        ours = [args.reglet, "explain", picture, "--weights", weights, "--out", f"{out}/ours"]
        peer = [sys.executable, HERE / "notebook.py", picture, "--weights", weights, "--out", f"{out}/peer.png"]
        found = {"ours": [], "peer": []}
        for turn in range(args.runs + 1):
            pair = {"ours": measure(ours), "peer": measure(peer)}
            if turn > 0:  # The first turn warms the file cache.
                for name, figures in pair.items():
                    found[name].append(figures)
        start = [measure([args.reglet, "--version"]) for _ in range(args.runs + 1)][1:]
        # All but drawing: an upper bound of the time to the first forward pass, which comes before two maps.
        first = [measure([*ours, "--methods", "saliency", "--json"]) for _ in range(args.runs + 1)][1:]

    def middle(name, figure):
        return statistics.median(run[figure] for run in found[name])

    return [
        ("`explain`, whole process, wall", middle("ours", 0), middle("peer", 0), "s", "notebook.py"),
        ("`explain`, whole process, processor", middle("ours", 1), middle("peer", 1), "s", "notebook.py"),
        ("`explain`, peak memory", middle("ours", 2) / 1024, middle("peer", 2) / 1024, "MiB", "notebook.py"),
        ("`reglet --version`", statistics.median(run[0] for run in start), None, "s", ""),
        ("`explain` with Saliency alone, figures drawn", statistics.median(run[0] for run in first), None, "s", ""),
    ]


AUDIT = """
target = "melanoma"
changes = []
gallery = 0

[data.manifest]
manifest = '{data}/isic-ruler/manifest.csv'
classes = ["benign", "melanoma"]
masks = {{ lesion = "lesion_mask" }}
flags = {{ ruler = "ruler" }}
coco = {{ file = '{data}/isic-ruler/rulers.coco.json' }}

[models.biased]
architecture = "resnet18"
weights = '{data}/models/resnet18-isic-biased.f16.safetensors'

[models.clean]
architecture = "resnet18"
weights = '{data}/models/resnet18-isic-clean.f16.safetensors'

[methods.saliency]

[methods.integrated_gradients]
steps = {steps}
quadrature = "secant"

[methods.grad_cam]
layer = "layer4.1.conv2"

[trust]
pictures = 0
"""


def audits(args) -> list[tuple]:
    """Three maps of each of 52 pictures by two models, from start to finish, against a loop over Captum."""
    data, folder = args.data.resolve(), args.data / "models"
    weights = [folder / f"resnet18-isic-{kind}.f16.safetensors" for kind in ("biased", "clean")]
    with tempfile.TemporaryDirectory() as out:
        config = Path(out) / "audit.toml"
        config.write_text(AUDIT.format(data=data, steps=RULES["20 secants"][1]))
        ours = [args.reglet, "audit", "--config", config, "--out", f"{out}/ours"]
        peer = [sys.executable, HERE / "audit_loop.py", data / "isic-ruler" / "manifest.csv"]
        peer += [word for file in weights for word in ("--weights", file)]
        # Once: of so many pictures a run is an average already.
        (ours, our_work, our_memory), (theirs, their_work, their_memory) = measure(ours), measure(peer)
    busy = [100 * work / (os.cpu_count() * wall) for work, wall in ((our_work, ours), (their_work, theirs))]
    name = "audit_loop.py: Captum, 50 nodes, 25 a batch; one run"
    return [
        ("three maps of 52 pictures by two models", ours, theirs, "s", name),
        ("the same, share of all processors that was busy", *busy, "%", name),
        ("the same, peak memory", our_memory / 1024, their_memory / 1024, "MiB", name),
    ]


def measure(command: list) -> tuple[float, float, float]:
    """Wall and processor seconds, and the peak memory in KiB, of one run."""
    start = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    message = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command[0]} failed:\n{message.decode()}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def integrals(args) -> list[tuple]:
    """Integrated Gradients alone: the program's own time against Captum's, in turn, the median over pictures."""
    rows = []
    for title, (architecture, weights, folder) in MODELS.items():
        weights = args.data / "models" / weights
        pictures = sorted(file for file in (args.data / folder).iterdir() if file.suffix in (".png", ".jpg"))
        pictures = pictures[:: max(1, len(pictures) // PICTURES)][:PICTURES]
        times = {name: [] for name in [*RULES, "captum"] + ["compiled"] * args.compile}
        distances = {name: [] for name in [*RULES, "captum"]}
        captum = Captum(architecture, weights, args.device)
        compiled = Captum(architecture, weights, args.device, compiled=True) if args.compile else None
        for picture in pictures:
            maps, taken = {}, {name: [] for name in times}
            for _ in range(args.runs):
                for name, rule in RULES.items():
                    target, seconds, x, maps[name] = reglet(args, picture, architecture, weights, *rule)
                    taken[name].append(seconds)
                # The very input that Reglet saw: two decoders of one JPEG file differ, and so would the maps.
                seconds, maps["captum"] = captum.attribute(x, target)
                taken["captum"].append(seconds)
                if compiled:
                    taken["compiled"].append(compiled.attribute(x, target)[0])
            for name, seconds in taken.items():
                times[name].append(statistics.median(seconds))
            if args.reference_steps:
                *_, exact = reglet(args, picture, architecture, weights, "middle", args.reference_steps, target)
                for name, found in maps.items():
                    distances[name].append(float(((found - exact).norm() / exact.norm())))
        middle = {name: statistics.median(seconds) for name, seconds in times.items()}
        far = {name: f", {100 * statistics.median(all):.1f} % off" if all else "" for name, all in distances.items()}
        peer = f"Captum, 50 nodes, {captum.batch} a batch{far['captum']}"
        rows += [(f"IG, {name}{far[name]}: {title}", middle[name], middle["captum"], "s", peer) for name in RULES]
        if compiled:
            name, peer = list(RULES)[-1], f"the same, torch.compile, {compiled.batch} a batch"
            rows.append((f"IG, {name}: {title}", middle[name], middle["compiled"], "s", peer))
    return rows


def reglet(args, picture, architecture, weights, rule, steps, target=None):
    """The target, the seconds that the program says the method took, the input and the map: of the second of two runs in
    one process, since Captum has runs behind it too when it is timed."""
    from safetensors.torch import load_file

    with tempfile.TemporaryDirectory() as out:
        command = [args.reglet, "explain", picture, picture, "--model", architecture, "--weights", weights, "--json"]
        command += ["--methods", "integrated_gradients", "--steps", steps, "--out", out, "--device", args.device]
        command += ["--set", f"integrated_gradients.quadrature={rule}"]
        command += [] if target is None else ["--target", target]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"reglet failed:\n{done.stderr}")
        summary = json.loads(done.stdout)[1]
        maps = load_file(f"{out}/{picture.stem}-2/maps.safetensors")
    return summary["target"]["index"], summary["methods"][0]["seconds"], maps["input"], maps["integrated_gradients"]


class Captum:
    """Captum's Integrated Gradients, eager or compiled, with the quickest of some batch sizes."""

    BATCHES = (5, 10, 25, 50)

    def __init__(self, architecture, weights, device, compiled=False):
        import notebook
        import torch
        from captum.attr import IntegratedGradients

        self.device, self.wait = device, torch.cuda.synchronize if device.startswith("cuda") else lambda: None
        self.model = notebook.load_model(architecture, weights).to(device)
        for parameter in self.model.parameters():
            parameter.requires_grad_(False)
        self.method = IntegratedGradients(torch.compile(self.model) if compiled else self.model)
        self.batch = None

    def attribute(self, x, target):
        x = x.unsqueeze(0).to(self.device)
        if self.batch is None:
            trials = {batch: self.run(x, target, batch)[0] for batch in self.BATCHES for _ in range(2)}
            self.batch = min(trials, key=trials.get)
        return self.run(x, target, self.batch)

    def run(self, x, target, batch):
        start = time.perf_counter()
        values = self.method.attribute(x, target=target, n_steps=50, internal_batch_size=batch)
        self.wait()
        return time.perf_counter() - start, values[0].detach().float().cpu()


def render(rows, args) -> str:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "captum", "torchvision"))
    lines = [
        "# Reglet beside its peers",
        "",
        "Made by `cargo xtask bench --peers`; every run replaces it. A ratio below 1 is in Reglet's favour.",
        "",
        f"{datetime.date.today()}, {processor()}, {os.cpu_count()} cores, {args.device}, {platform.system()}; {versions}; medians of "
        f"{args.runs} runs in turn.",
        "",
        "| what | Reglet | peer | ratio | peer is |",
        "|---|---:|---:|---:|---|",
    ]
    for what, ours, peer, unit, name in rows:
        peers = ("", "") if peer is None else (f"{peer:.2f} {unit}", f"{ours / peer:.2f}")
        lines.append(f"| {what} | {ours:.2f} {unit} | {peers[0]} | {peers[1]} | {name} |")
    return "\n".join(lines) + "\n"


def processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
