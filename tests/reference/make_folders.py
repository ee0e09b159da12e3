"""Saves whole networks as they lie on the Hugging Face Hub, and what each computes: the references of `cargo xtask parity --folders`.

    python tests/reference/make_folders.py FOLDER [NAME...]

For each network FOLDER/NAME holds `config.json` and `model.safetensors`, as transformers saves them or timm does, of random
weights from a seed, and `reference.safetensors` with

    input              [2, 3, side, side]
    logits             [2, classes], by PyTorch in float64
    input_gradient     the gradient of the sum of the logits of TARGETS with respect to the input, in float64

Pictures are such as 32-bit floats hold. A network that has its reference is not made again. The sizes are those of the networks that are published under these names.
"""

import sys
from pathlib import Path

import timm
import torch
import transformers as hf
from safetensors.torch import save_file

TARGETS = [1, 3]
CLASSES = 10

TRANSFORMERS = {
    "resnet-18": lambda: hf.ResNetForImageClassification(
        hf.ResNetConfig(num_labels=CLASSES, hidden_sizes=[64, 128, 256, 512], depths=[2, 2, 2, 2], layer_type="basic")
    ),
    "resnet-50": lambda: hf.ResNetForImageClassification(hf.ResNetConfig(num_labels=CLASSES)),
    "convnext-tiny-224": lambda: hf.ConvNextForImageClassification(hf.ConvNextConfig(num_labels=CLASSES)),
    "vit-base-patch16-224": lambda: hf.ViTForImageClassification(hf.ViTConfig(num_labels=CLASSES)),
    "deit-base-distilled-patch16-224": lambda: hf.DeiTForImageClassificationWithTeacher(
        hf.DeiTConfig(num_labels=CLASSES)
    ),
    "swin-tiny-patch4-window7-224": lambda: hf.SwinForImageClassification(hf.SwinConfig(num_labels=CLASSES)),
    # Published for 518 pixels, and given 224 by its preprocessor.
    "dinov2-base": lambda: hf.Dinov2ForImageClassification(
        hf.Dinov2Config(num_labels=CLASSES, image_size=518, patch_size=14)
    ),
}

TIMM = [
    "resnet18", "resnet50", "mobilenetv2_100", "vgg11_bn", "densenet121", "efficientnet_b0", "convnext_tiny",
    "vit_base_patch16_224",
]


def main():
    root, wanted = Path(sys.argv[1]), sys.argv[2:]
    for name in [*TRANSFORMERS, *(f"timm.{name}" for name in TIMM)]:
        folder = root / name
        if (wanted and name not in wanted) or (folder / "reference.safetensors").exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(5)
        if name in TRANSFORMERS:
            model = TRANSFORMERS[name]().eval()
            drawn(model)
            model.save_pretrained(folder)
            hf.ViTImageProcessorPil(size={"height": 224, "width": 224}).save_pretrained(folder)
            logits = lambda pictures: model(pictures).logits
        else:
            model = timm.create_model(name.removeprefix("timm."), num_classes=CLASSES).eval()
            drawn(model)
            timm.models.save_for_hf(model, folder, safe_serialization=True)
            logits = model
        pictures = torch.randn(2, 3, 224, 224).double().requires_grad_()
        model.double()
        found = logits(pictures)
        found[torch.arange(2), torch.tensor(TARGETS)].sum().backward()
        reference = {"input": pictures.detach(), "logits": found.detach(), "input_gradient": pictures.grad}
        reference = {key: tensor.float().contiguous() for key, tensor in reference.items()}
        save_file(reference, folder / "reference.safetensors")
        print(f"{name} saved", flush=True)


def drawn(model):
    """Gives norms, biases and factors of branches, which begin as 0, 1 or less, values that tell them apart."""
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            if tensor.is_floating_point() and tensor.dim() < 2 or key.endswith(("_token", "position_embeddings", "pos_embed")):
                noise = 0.1 * torch.randn(tensor.shape)
                is_factor = key.endswith(("weight", "running_var", "gamma", "lambda1", "layer_scale_parameter"))
                tensor.copy_(1 + noise if is_factor else noise)


main()
