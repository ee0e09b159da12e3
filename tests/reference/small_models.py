"""Small torchvision networks whose weights are a pure function of the tensors' names.

The weights need not be committed: whoever knows a tensor's name and shape computes the same bits, in Python or in Rust.
Element i, in row-major order, of the tensor called `name` comes from

    u = 2 · (splitmix64(fnv1a64(name) + i) >> 11) · 2⁻⁵³ − 1        in [−1, 1), in float64

and is rounded to float32 only after it was scaled:

    weight of a convolution or a linear layer   u · sqrt(6 / fan_in); fan_in: all dimensions but the first, multiplied
    its bias                                    0.1 · u
    weight of a normalisation                   1 + 0.2 · u
    its bias and its running_mean               0.2 · u
    its running_var                             1 + 0.5 · u
    its num_batches_tracked                     0
    any other integers, such as a window's places    what the network begins with
    any other parameter, such as a class token  u
    the input                                   u · sqrt(3), which has a variance of one

FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/. SplitMix64's output function: Steele, Lea and Flood,
"Fast splittable pseudorandom number generators", OOPSLA 2014, with the constants of Vigna's implementation.
"""

import math

import numpy as np
import torch
from torch import nn
from torchvision.models import convnext, efficientnet, vgg
from torchvision.models.densenet import DenseNet
from torchvision.models.mobilenetv2 import MobileNetV2
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
from torchvision.models.swin_transformer import SwinTransformer
from torchvision.models.vision_transformer import VisionTransformer

RESNETS = {
    "resnet18": (BasicBlock, [2, 2, 2, 2]),
    "resnet34": (BasicBlock, [3, 4, 6, 3]),
    "resnet50": (Bottleneck, [3, 4, 6, 3]),
    "resnet101": (Bottleneck, [3, 4, 23, 3]),
    "resnet152": (Bottleneck, [3, 8, 36, 3]),
}
VGGS = {"vgg11": "A", "vgg13": "B", "vgg16": "D", "vgg19": "E"}
VGGS |= {f"{name}_bn": letter for name, letter in VGGS.items()}
ARCHITECTURES = [
    *RESNETS,
    "mobilenet_v2",
    *VGGS,
    "densenet121",
    "efficientnet_b0",
    "convnext_tiny",
    "vit_b_16",
]

# The module whose result suits Grad-CAM: the last convolution, in a DenseNet the last block, in a ViT what the last
# attention reads.
GRAD_CAM_LAYER = {
    "resnet18": "layer4.1.conv2",
    "resnet34": "layer4.2.conv2",
    "resnet50": "layer4.2.conv3",
    "resnet101": "layer4.2.conv3",
    "resnet152": "layer4.2.conv3",
    "mobilenet_v2": "features.18.0",
    "vgg11": "features.18",
    "vgg13": "features.22",
    "vgg16": "features.28",
    "vgg19": "features.34",
    "vgg11_bn": "features.25",
    "vgg13_bn": "features.31",
    "vgg16_bn": "features.40",
    "vgg19_bn": "features.49",
    "densenet121": "features.denseblock4",
    "efficientnet_b0": "features.8.0",
    "convnext_tiny": "features.7.2.block.0",
    "vit_b_16": "encoder.layers.encoder_layer_11.ln_1",
}

INPUT_SHAPE = (2, 3, 64, 64)
CLASSES = 5
TARGETS = [1, 3]


def small_model(architecture: str, classes: int = CLASSES) -> nn.Module:
    """An eighth of a network's width, or a quarter of a mobile one's, in float64 and evaluation mode.

    The weights are exactly those of float32: only the arithmetic is wider, which makes the results an oracle.
    """
    model = unfilled_model(architecture, classes)
    fill(model)
    return model.double().eval()


def unfilled_model(architecture: str, classes: int) -> nn.Module:
    """The same with whatever weights torchvision begins with."""
    if architecture in RESNETS:
        return SmallResNet(*RESNETS[architecture], classes)
    if architecture in VGGS:
        return SmallVGG(VGGS[architecture], architecture.endswith("_bn"), classes)
    match architecture:
        case "mobilenet_v2":
            return MobileNetV2(num_classes=classes, width_mult=0.25)
        case "densenet121":
            return DenseNet(growth_rate=4, num_init_features=8, num_classes=classes)
        case "efficientnet_b0":
            stages, last = efficientnet._efficientnet_conf(architecture, width_mult=0.25, depth_mult=1.0)
            return efficientnet.EfficientNet(stages, dropout=0.2, last_channel=last, num_classes=classes)
        case "convnext_tiny":
            stages = [(12, 24, 3), (24, 48, 3), (48, 96, 9), (96, None, 3)]
            stages = [convnext.CNBlockConfig(*stage) for stage in stages]
            return convnext.ConvNeXt(stages, stochastic_depth_prob=0.1, num_classes=classes)
        case "vit_b_16":
            return VisionTransformer(
                image_size=224, patch_size=16, num_layers=12, num_heads=12, hidden_dim=96, mlp_dim=384, num_classes=classes
            )
    raise ValueError(f"there is no small {architecture}")


def swin_model(classes: int = CLASSES) -> nn.Module:
    """A Swin transformer of two stages, with 16 x 16 and 8 x 8 places for pictures of 64 x 64, in windows of 4 x 4."""
    model = SwinTransformer(
        patch_size=[4, 4], embed_dim=8, depths=[2, 2], num_heads=[2, 4], window_size=[4, 4], num_classes=classes
    )
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


class SmallVGG(vgg.VGG):
    """torchvision's VGG with an eighth of the channels, in its classifier too."""

    def __init__(self, letter: str, norms: bool, classes: int):
        # The parent would fill a full-size classifier only for it to be replaced.
        with torch.device("meta"):
            super().__init__(nn.Sequential(), num_classes=classes, init_weights=False)
        channels = [entry if entry == "M" else entry // 8 for entry in vgg.cfgs[letter]]
        self.features = vgg.make_layers(channels, batch_norm=norms)
        self.classifier[0] = nn.Linear(64 * 7 * 7, 512)
        self.classifier[3] = nn.Linear(512, 512)
        self.classifier[6] = nn.Linear(512, classes)


def fill(model: nn.Module) -> None:
    """Gives every parameter and buffer the value that belongs to its name."""
    state, given = {}, model.state_dict()
    for name, tensor in given.items():
        module, _, role = name.rpartition(".")
        weight = given.get(f"{module}.weight")
        normalises = weight is not None and weight.dim() == 1
        if not tensor.is_floating_point():
            state[name] = torch.zeros_like(tensor) if role == "num_batches_tracked" else tensor
            continue
        u = uniform(name, tensor.numel())
        if normalises and role == "weight":
            values = 1.0 + 0.2 * u
        elif normalises and role == "running_var":
            values = 1.0 + 0.5 * u
        elif normalises:
            values = 0.2 * u
        elif role in ("weight", "in_proj_weight"):
            values = u * math.sqrt(6.0 / math.prod(tensor.shape[1:]))
        elif role in ("bias", "in_proj_bias"):
            values = 0.1 * u
        else:
            values = u
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
