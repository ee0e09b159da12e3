"""Small torchvision networks whose weights are a pure function of the tensors' names.

The weights need not be committed: whoever knows a tensor's name and shape computes the same bits, in Python or in Rust.
Element i, in row-major order, of the tensor called `name` comes from

    u = 2 · (splitmix64(fnv1a64(name) + i) >> 11) · 2⁻⁵³ − 1        in [−1, 1), in float64

and is rounded to float32 only after it was scaled:

    weight of a convolution or a linear layer   u · sqrt(6 / fan_in); fan_in: all dimensions but the first, multiplied
    bias of a linear layer                      0.1 · u
    weight of a batch normalisation             1 + 0.2 · u
    its bias and its running_mean               0.2 · u
    its running_var                             1 + 0.5 · u
    its num_batches_tracked                     0
    the input                                   u · sqrt(3), which has a variance of one

FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/. SplitMix64's output function: Steele, Lea and Flood,
"Fast splittable pseudorandom number generators", OOPSLA 2014, with the constants of Vigna's implementation.
"""

import math

import numpy as np
import torch
from torch import nn
from torchvision.models.mobilenetv2 import MobileNetV2
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

RESNETS = {
    "resnet18": (BasicBlock, [2, 2, 2, 2]),
    "resnet34": (BasicBlock, [3, 4, 6, 3]),
    "resnet50": (Bottleneck, [3, 4, 6, 3]),
    "resnet101": (Bottleneck, [3, 4, 23, 3]),
    "resnet152": (Bottleneck, [3, 8, 36, 3]),
}
ARCHITECTURES = [*RESNETS, "mobilenet_v2"]

# The last convolution of each network.
LAST_CONVOLUTION = {
    "resnet18": "layer4.1.conv2",
    "resnet34": "layer4.2.conv2",
    "resnet50": "layer4.2.conv3",
    "resnet101": "layer4.2.conv3",
    "resnet152": "layer4.2.conv3",
    "mobilenet_v2": "features.18.0",
}

INPUT_SHAPE = (2, 3, 64, 64)
CLASSES = 5
TARGETS = [1, 3]


def small_model(architecture: str, classes: int = CLASSES) -> nn.Module:
    """An eighth of a ResNet's width, or a quarter of MobileNetV2's, in float64 and evaluation mode.

    The weights are exactly those of float32: only the arithmetic is wider, which makes the results an oracle.
    """
    if architecture in RESNETS:
        model = SmallResNet(*RESNETS[architecture], classes)
    else:
        model = MobileNetV2(num_classes=classes, width_mult=0.25)
    fill(model)
    return model.double().eval()


def plain_model(classes: int = CLASSES, averages: bool = False) -> nn.Module:
    """A network that the field's tools handle without their usual faults, in float64 and evaluation mode.

    With `averages` it pools by means and not by maxima.
    """
    model = PlainNet(classes)
    if averages:
        model.pool1, model.pool2 = nn.AdaptiveAvgPool2d(8), nn.AdaptiveAvgPool2d(4)
    fill(model)
    return model.double().eval()


class PlainNet(nn.Module):
    """Each module is used once, nothing is done in place, and no two windows of a pooling overlap."""

    def __init__(self, classes: int):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, kernel_size=3, padding=1)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(8, 12, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(12)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.conv3 = nn.Conv2d(12, 16, kernel_size=3, padding=1)
        self.relu3 = nn.ReLU()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(16, classes)

    def forward(self, x):
        x = self.pool1(self.relu1(self.conv1(x)))
        x = self.pool2(self.relu2(self.bn2(self.conv2(x))))
        x = self.relu3(self.conv3(x))
        return self.fc(self.flatten(self.avgpool(x)))


def small_input(name: str = "input", batch: int = INPUT_SHAPE[0], side: int = INPUT_SHAPE[2]) -> torch.Tensor:
    """The first `batch` examples of the input of that name and size, in float64 with float32's values."""
    shape = (batch, INPUT_SHAPE[1], side, side)
    return rounded(uniform(name, math.prod(shape)) * math.sqrt(3.0), shape).double()


class SmallResNet(ResNet):
    """torchvision's ResNet, with stages of 8, 16, 32 and 64 planes instead of 64 to 512."""

    def __init__(self, block, layers: list[int], classes: int):
        super().__init__(block, layers, num_classes=classes)
        self.inplanes = 8
        self.conv1 = nn.Conv2d(3, 8, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = self._make_layer(block, 8, layers[0])
        self.layer2 = self._make_layer(block, 16, layers[1], stride=2)
        self.layer3 = self._make_layer(block, 32, layers[2], stride=2)
        self.layer4 = self._make_layer(block, 64, layers[3], stride=2)
        self.fc = nn.Linear(64 * block.expansion, classes)


def fill(model: nn.Module) -> None:
    """Gives every parameter and buffer the value that belongs to its name."""
    state = {}
    for name, tensor in model.state_dict().items():
        module, _, role = name.rpartition(".")
        normalises = isinstance(model.get_submodule(module), nn.BatchNorm2d)
        if role == "num_batches_tracked":
            state[name] = torch.zeros_like(tensor)
            continue
        u = uniform(name, tensor.numel())
        if normalises and role == "weight":
            values = 1.0 + 0.2 * u
        elif normalises and role == "running_var":
            values = 1.0 + 0.5 * u
        elif normalises:
            values = 0.2 * u
        elif role == "weight":
            values = u * math.sqrt(6.0 / math.prod(tensor.shape[1:]))
        else:
            values = 0.1 * u
        state[name] = rounded(values, tensor.shape)
    model.load_state_dict(state)


def rounded(values: np.ndarray, shape) -> torch.Tensor:
    """A float32 tensor of that shape."""
    return torch.from_numpy(values.astype(np.float32)).reshape(tuple(shape))


def uniform(name: str, count: int) -> np.ndarray:
    """The first `count` values that belong to a name: uniform in [-1, 1), float64."""
    z = np.uint64(fnv1a64(name.encode())) + np.arange(count, dtype=np.uint64)
    z += np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53 * 2.0 - 1.0


def fnv1a64(data: bytes) -> int:
    """The 64-bit FNV-1a hash."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value
