"""Forward passes and gradients of seven networks beside other engines', in turn: what `cargo xtask bench --forward` runs.

    python benches/forward.py --pass target/debug/examples/forward [--runs 5] [--batch 16] [--networks resnet18,...]
        [--compile] [--bfloat16] [--device cuda:0 [--peak 67]]

Every engine gets the same random network (its batch norms hold the statistics of noise, so that values keep their size), the
same batch of noise of 224 x 224 pixels, and as many threads as PyTorch chooses. In each round, every engine makes one pass,
so a machine that is busy elsewhere is busy for all of them; printed are the medians of the rounds in milliseconds a picture,
of time and of the processors' time (which counts threads that wait for each other in a loop, and on a busy machine says
more), and how far the logits are from PyTorch's, as a share of the largest. An engine whose package is missing is left out.

A gradient is that of the sum of each picture's largest logit, with respect to the pictures.

With `--compile`, torch.compile is measured too; with `--bfloat16`, Reglet's rewrite of that name and PyTorch's autocast. With
another `--device`, PyTorch's engines and Reglet run there, and the others
are left out; the arithmetic of a pass is printed in 10^12 operations a second, a multiplication and an addition being two, and
with `--peak` as a share of the device's peak. `benches/gpu.sh` does this for several sizes of a batch.
"""

import argparse
import copy
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy
import torch
import torchvision
from safetensors.torch import save_file
from torch.utils.flop_counter import FlopCounterMode

SIDE, CLASSES, SEED = 224, 1000, 1
NETWORKS = {
    "resnet18": "ResNet-18",
    "resnet50": "ResNet-50",
    "mobilenet_v2": "MobileNetV2",
    "efficientnet_b0": "EfficientNet-B0",
    "densenet121": "DenseNet-121",
    "vit_b_16": "ViT-B/16",
    "convnext_tiny": "ConvNeXt-T",
}
# The settings that Reglet's program makes for itself: freed memory stays with the process.
KEPT = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1), "MALLOC_ARENA_MAX": "1"}
OURS, OURS_BACK, OURS_COARSE = "Reglet", "Reglet, gradient", "Reglet, bfloat16"
COMPILED, COMPILED_BACK = "torch.compile", "torch.compile, gradient"
TORCH, TORCH_LAST = "PyTorch", "PyTorch, channels last"
TORCH_BACK, TORCH_LAST_BACK = "PyTorch, gradient", "PyTorch, channels last, gradient"
TORCH_COARSE = "PyTorch, bfloat16"
TORCH_COARSE = "PyTorch, bfloat16"
RUNTIME, OPENVINO, OPENVINO_OWN = "ONNX Runtime", "OpenVINO f32", "OpenVINO's choice"
FORWARD = [OURS, TORCH, TORCH_LAST, COMPILED, RUNTIME, OPENVINO, OPENVINO_OWN, OURS_COARSE, TORCH_COARSE]
GRADIENT = [OURS_BACK, TORCH_BACK, TORCH_LAST_BACK, COMPILED_BACK]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pass", dest="program", type=Path, required=True, help="the program that times Reglet's passes")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--networks", default=",".join(NETWORKS), help="names with commas")
    parser.add_argument("--compile", action="store_true", help="also torch.compile, which takes a minute a network to begin")
    parser.add_argument("--bfloat16", action="store_true", help="also Reglet's and PyTorch's passes in bfloat16")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda:N")
    parser.add_argument("--peak", type=float, help="the device's peak, in 10^12 operations a second")
    args = parser.parse_args()

    forward, gradient, off, speed = {}, {}, {}, {}
    for name in args.networks.split(","):
        with tempfile.TemporaryDirectory() as folder:
            seconds, off[name], operations = measured(args, name, Path(folder))
        picture = lambda engine: [[1000 * second / args.batch for second in pair] for pair in seconds[engine]]
        forward[name] = {engine: picture(engine) for engine in FORWARD if engine in seconds}
        gradient[name] = {engine: picture(engine) for engine in GRADIENT if engine in seconds}
        best = {engine: statistics.median(second for second, _ in pairs) for engine, pairs in seconds.items()}
        speed[name] = {engine: operations[engine in GRADIENT] / taken / 1e12 for engine, taken in best.items()}
    threads = f"{torch.get_num_threads()} threads of {os.cpu_count()}"
    print(f"{threads}, batches of {args.batch}, milliseconds a picture, medians of {args.runs} rounds\n")
    table("forward", FORWARD, forward)
    table("gradient", GRADIENT, gradient)
    table("logits off by", FORWARD[:1] + FORWARD[2:], off, "{:.0e}".format)
    if args.device != "cpu":
        share = lambda number: f"{number:.1f}" + (f" ({100 * number / args.peak:.0f} %)" if args.peak else "")
        table("10^12 operations a second", FORWARD + GRADIENT, speed, share)


def medians(pairs) -> str:
    """Of pairs of time and processors' time."""
    return " / ".join(f"{statistics.median(numbers):.1f}" for numbers in zip(*pairs))


def table(what, engines, rows, cell=medians) -> None:
    engines = [engine for engine in engines if any(engine in row for row in rows.values())]
    print(f"| {what} | {' | '.join(engines)} |\n|---|{'---:|' * len(engines)}")
    for name, row in rows.items():
        print(f"| {NETWORKS[name]} | {' | '.join(cell(row[engine]) if engine in row else '' for engine in engines)} |")
    print(flush=True)


def measured(args, name: str, folder: Path):
    """The seconds of each round for each engine, how far each engine's logits are from PyTorch's, and the operations of a
    forward pass and of one with a gradient."""
    model, x = network(name, args.batch)
    passes, logits = reglet(args, name, model, x, folder)
    ours = {OURS: logits}
    if args.bfloat16:
        coarse, ours[OURS_COARSE] = reglet(args, name, model, x, folder, "bfloat16")
    model, x = model.to(args.device), x.to(args.device)
    with torch.inference_mode():
        expected = model(x).cpu()
    engines = dict(peers(args, model, x, folder))
    found = ours | {engine: run() for engine, run in engines.items() if engine in FORWARD}
    size = expected.abs().max()
    off = {engine: float((torch.as_tensor(numbers).cpu() - expected).abs().max() / size) for engine, numbers in found.items()}
    own = {OURS: lambda: passes("forward"), OURS_BACK: lambda: passes("gradient")}
    own |= {OURS_COARSE: lambda: coarse("forward")} if args.bfloat16 else {}
    engines |= own
    seconds = {engine: [] for engine in engines}
    for turn in range(args.runs + 1):
        for engine, run in engines.items():
            start, busy = time.perf_counter(), time.process_time()
            answer = run()
            if args.device != "cpu":
                torch.cuda.synchronize()
            taken = (time.perf_counter() - start, time.process_time() - busy)
            if engine in own:
                taken = answer
            # The first round warms up.
            if turn > 0:
                seconds[engine].append(taken)
    passes(None)
    if args.bfloat16:
        coarse(None)
    with FlopCounterMode(display=False) as counter:
        engines[TORCH]()
    # Those of products alone; sending a gradient back through a product to its input takes as many again.
    operations = counter.get_total_flops()
    return seconds, off, [operations, 2 * operations]


def network(name: str, batch: int):
    torch.manual_seed(SEED)
    model = torchvision.models.get_model(name, weights=None)
    for parameter in model.parameters():
        # A last layer that begins as zero would give no logits to compare.
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.02)
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    # A deep network of random weights would let values grow or vanish; these statistics keep them as they are.
    model.train()
    for norm in norms:
        norm.momentum = None
    with torch.no_grad():
        model(torch.randn(4, 3, SIDE, SIDE))
    model.eval().requires_grad_(False)
    return model, torch.randn(batch, 3, SIDE, SIDE)


def reglet(args, name: str, model, x, folder: Path, rewrites: str | None = None):
    """A function that asks the program for a pass (None ends it), and the logits that the program found."""
    weights, inputs, logits = folder / "weights.safetensors", folder / "inputs", folder / "logits"
    tensors = {key: value for key, value in model.state_dict().items() if not key.endswith("num_batches_tracked")}
    save_file(tensors, weights)
    x.numpy().tofile(inputs)
    command = [args.program, "--network", name, "--weights", weights, "--inputs", inputs, "--logits", logits]
    command += ["--batch", args.batch, "--side", SIDE, "--device", args.device]
    command += ["--rewrites", rewrites] if rewrites else []
    program = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | KEPT
    )

    def ask(what):
        if what is None:
            program.stdin.close()
            return program.wait()
        program.stdin.write(what + "\n")
        program.stdin.flush()
        answer = program.stdout.readline()
        if not answer:
            raise SystemExit(f"{args.program} ended early")
        return tuple(map(float, answer.split()))

    ask("forward")
    return ask, numpy.fromfile(logits, dtype="<f4").reshape(len(x), CLASSES)


def peers(args, model, x, folder: Path):
    """Each engine as a function that makes one pass over the batch."""

    def forward(model, x):
        with torch.inference_mode():
            return model(x)

    def gradient(model, x):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(model(x).amax(1).sum(), x)

    last = copy.deepcopy(model).to(memory_format=torch.channels_last)
    x_last = x.to(memory_format=torch.channels_last)
    yield TORCH, lambda: forward(model, x)
    yield TORCH_LAST, lambda: forward(last, x_last)
    yield TORCH_BACK, lambda: gradient(model, x)
    yield TORCH_LAST_BACK, lambda: gradient(last, x_last)
    if args.bfloat16:

        def autocast():
            with torch.autocast(args.device.split(":")[0], torch.bfloat16):
                return forward(last, x_last).float()

        yield TORCH_COARSE, autocast
    if args.compile:
        compiled = torch.compile(last)
        yield COMPILED, lambda: forward(compiled, x_last)
        yield COMPILED_BACK, lambda: gradient(compiled, x_last)
    if args.device != "cpu":
        return
    try:
        import onnx  # noqa: F401 (the export needs it)
    except ImportError:
        return
    file = folder / "network.onnx"
    # PyTorch's fused attention has no operator of ONNX.
    torch.backends.mha.set_fastpath_enabled(False)
    torch.onnx.export(model, (x,), file, input_names=["x"], output_names=["logits"], dynamo=False)
    torch.backends.mha.set_fastpath_enabled(True)
    threads = torch.get_num_threads()
    try:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        yield RUNTIME, lambda: session.run(None, {"x": x.numpy()})[0]
    except ImportError:
        pass
    try:
        import openvino
    except ImportError:
        return
    core = openvino.Core()
    core.set_property("CPU", {"INFERENCE_NUM_THREADS": threads})
    for name, hints in [(OPENVINO, {"INFERENCE_PRECISION_HINT": "f32"}), (OPENVINO_OWN, {})]:
        compiled = core.compile_model(file, "CPU", hints)
        yield name, lambda compiled=compiled: compiled(x.numpy())[0]


if __name__ == "__main__":
    main()
