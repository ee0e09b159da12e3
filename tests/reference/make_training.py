"""Writes `tests/fixtures/training/`: the weights of small networks after some steps of training, by PyTorch.

Each file begins with the network of `small_models.py` in float64 and training mode, and takes STEPS steps of one optimiser on
batches of 4 pictures, `train.0`, `train.1` …, of which number i of step s is of class (i + s) mod 5, by cross-entropy. It holds
some of the parameters and buffers afterwards, and the sum and the sum of squares of all together, by `sums`.

    adam_w     AdamW with a decay of 0.1 on all parameters, rate 0.01
    sgd        SGD with momentum 0.9, a decay of 0.01, rate 0.01
    nesterov   the same with Nesterov's momentum
    frozen     AdamW as above; conv1, bn1, layer1 and layer2 keep their weights and their batch norms are in evaluation mode
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy

from small_models import small_input, small_model

STEPS = 2
KEPT = ["conv1.weight", "bn1.running_mean", "bn1.running_var", "layer1.0.bn1.weight", "layer3.0.downsample.1.running_var",
        "layer4.1.bn2.bias", "layer4.1.bn2.running_mean", "fc.weight", "fc.bias"]
FROZEN = ["conv1", "bn1", "layer1", "layer2"]


def trained(make, frozen):
    model = small_model("resnet18").train()
    for name in frozen:
        module = model.get_submodule(name)
        module.eval()
        module.requires_grad_(False)
    optimiser = make([weight for weight in model.parameters() if weight.requires_grad])
    for step in range(STEPS):
        inputs = small_input(f"train.{step}", batch=4, side=32)
        labels = torch.tensor([(place + step) % 5 for place in range(4)])
        optimiser.zero_grad()
        cross_entropy(model(inputs), labels).backward()
        optimiser.step()
    state = {name: value for name, value in model.state_dict().items() if value.is_floating_point()}
    sums = torch.stack([torch.stack([value.sum(), value.square().sum()]) for value in state.values()]).sum(0)
    return {name: state[name].float().contiguous() for name in KEPT} | {"sums": sums.float()}


def main():
    folder = Path(__file__).parent.parent / "fixtures" / "training"
    folder.mkdir(exist_ok=True)
    torch.set_default_dtype(torch.float64)
    adam_w = lambda weights: torch.optim.AdamW(weights, lr=0.01, weight_decay=0.1)
    sgd = lambda weights: torch.optim.SGD(weights, lr=0.01, momentum=0.9, weight_decay=0.01)
    nesterov = lambda weights: torch.optim.SGD(weights, lr=0.01, momentum=0.9, weight_decay=0.01, nesterov=True)
    for name, make, frozen in [("adam_w", adam_w, []), ("sgd", sgd, []), ("nesterov", nesterov, []), ("frozen", adam_w, FROZEN)]:
        save_file(trained(make, frozen), folder / f"{name}.safetensors")


if __name__ == "__main__":
    sys.exit(main())
