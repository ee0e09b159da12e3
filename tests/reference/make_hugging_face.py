"""Writes `tests/fixtures/hugging_face/`: small classifiers as transformers saves them, and what it says of a picture.

    python tests/reference/make_hugging_face.py

scene.png                      61 by 47 pixels, smooth and noisy
NAME/config.json               of one small network of each class that is built from its config
NAME/preprocessor_config.json  a resize of another kind for each
NAME/model.safetensors         weights from a seeded generator
NAME/reference.safetensors     the picture as the preprocessor gives it (`pixel_values`, by Pillow), the logits, and the
                               gradient of the sum of the first two logits with respect to it

Every weight is drawn, for published initial values leave whole branches at 0. Logits and gradients are computed in 64-bit
floats.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import torch
import transformers as hf
from PIL import Image
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parents[2] / "tests/fixtures/hugging_face"

TOKENS = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
VIT = {**TOKENS, "intermediate_size": 24, "image_size": 32, "patch_size": 8}
DINO = {**TOKENS, "image_size": 42, "patch_size": 7}
HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}

# The class, its config, the class of its preprocessor and that one's settings.
NETWORKS = {
    "resnet-basic": (
        hf.ResNetForImageClassification,
        hf.ResNetConfig(embedding_size=8, hidden_sizes=[8, 12], depths=[2, 1], layer_type="basic"),
        hf.ConvNextImageProcessorPil,
        {"size": {"shortest_edge": 48}, "crop_pct": 0.875, "resample": 3},
    ),
    "resnet-bottleneck": (
        hf.ResNetForImageClassification,
        hf.ResNetConfig(
            embedding_size=8, hidden_sizes=[16, 24], depths=[1, 2], layer_type="bottleneck",
            downsample_in_first_stage=True, downsample_in_bottleneck=True, hidden_act="silu",
        ),
        hf.ViTImageProcessorPil,
        {"size": {"height": 40, "width": 40}, "resample": 1},
    ),
    "convnext": (
        hf.ConvNextForImageClassification,
        hf.ConvNextConfig(hidden_sizes=[8, 12], depths=[1, 2], num_stages=2, layer_norm_eps=1e-3),
        hf.ConvNextImageProcessorPil,
        {"size": {"shortest_edge": 40}, "crop_pct": 0.875, "resample": 3},
    ),
    "vit": (
        hf.ViTForImageClassification,
        hf.ViTConfig(**VIT),
        hf.ViTImageProcessorPil,
        {"size": {"height": 32, "width": 32}, "resample": 2, **HALF},
    ),
    "vit-without-bias": (
        hf.ViTForImageClassification,
        hf.ViTConfig(**VIT, qkv_bias=False, hidden_act="gelu_new", layer_norm_eps=1e-3),
        hf.ViTImageProcessorPil,
        {"size": {"height": 32, "width": 32}, "resample": 3, **HALF},
    ),
    "deit": (
        hf.DeiTForImageClassification,
        hf.DeiTConfig(**VIT),
        hf.DeiTImageProcessorPil,
        {"size": {"height": 38, "width": 38}, "crop_size": {"height": 32, "width": 32}, "resample": 3},
    ),
    "deit-with-teacher": (
        hf.DeiTForImageClassificationWithTeacher,
        hf.DeiTConfig(**VIT),
        hf.DeiTImageProcessorPil,
        {"size": {"height": 38, "width": 38}, "crop_size": {"height": 32, "width": 32}, "resample": 3},
    ),
    "swin": (
        hf.SwinForImageClassification,
        hf.SwinConfig(embed_dim=8, depths=[2, 2], num_heads=[2, 4], window_size=4, image_size=32, patch_size=2),
        hf.ViTImageProcessorPil,
        {"size": {"height": 32, "width": 32}, "resample": 3},
    ),
    "swin-absolute": (
        hf.SwinForImageClassification,
        hf.SwinConfig(
            embed_dim=8, depths=[2, 1], num_heads=[2, 2], window_size=4, image_size=32, patch_size=4,
            use_absolute_embeddings=True, qkv_bias=False, mlp_ratio=2.0,
        ),
        hf.ViTImageProcessorPil,
        {"size": {"height": 32, "width": 32}, "resample": 3},
    ),
    # Where half a pixel is over, transformers' two kinds of preprocessors cut at different ones; here nothing is over.
    "dinov2": (
        hf.Dinov2ForImageClassification,
        hf.Dinov2Config(**DINO),
        hf.BitImageProcessorPil,
        {"size": {"shortest_edge": 43}, "crop_size": {"height": 42, "width": 42}, "resample": 3},
    ),
    # Positions learnt for 6 by 6 patches, brought to 5 by 5.
    "dinov2-other-size": (
        hf.Dinov2ForImageClassification,
        hf.Dinov2Config(**DINO, use_swiglu_ffn=True, problem_type="multi_label_classification"),
        hf.BitImageProcessorPil,
        {"size": {"shortest_edge": 40}, "crop_size": {"height": 35, "width": 35}, "resample": 3},
    ),
}


def scene(width, height):
    random = np.random.default_rng(7)
    y, x = np.mgrid[0:height, 0:width]
    levels = np.stack([127 + 90 * np.sin(x / 9 + c) * np.cos(y / (7 + c)) for c in range(3)], axis=2)
    levels += random.normal(0, 12, levels.shape)
    levels[: height // 4, width // 2 :] = (250, 20, 5)
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir(parents=True)
    picture = scene(61, 47)
    picture.save(HERE / "scene.png")
    for name, (kind, config, processor, settings) in NETWORKS.items():
        config.id2label = {0: "benign", 1: "malignant", 2: "unsure"}
        config.label2id = {label: index for index, label in config.id2label.items()}
        config._attn_implementation = "eager"
        model = kind(config).eval()
        generator = torch.Generator().manual_seed(3)
        with torch.no_grad():
            for key, tensor in model.state_dict().items():
                if not tensor.is_floating_point():
                    continue
                drawn = torch.randn(tensor.shape, generator=generator)
                if key.endswith("running_var"):
                    drawn = 0.5 + drawn.abs()
                elif tensor.dim() > 1:
                    drawn = drawn / tensor[0].numel() ** 0.5
                else:
                    drawn = 0.3 * drawn + (1.0 if key.endswith(("weight", "lambda1")) else 0.0)
                tensor.copy_(drawn)
        folder = HERE / name
        model.save_pretrained(folder)
        processor = processor(**settings)
        processor.save_pretrained(folder)
        pixels = processor(picture, return_tensors="pt")["pixel_values"]
        exact = pixels.double().requires_grad_()
        logits = model.double()(exact).logits
        logits[:, :2].sum().backward()
        reference = {"pixel_values": pixels, "logits": logits.detach().float(), "gradient": exact.grad.float()}
        save_file({key: tensor.contiguous() for key, tensor in reference.items()}, folder / "reference.safetensors")
        # The version of the library is no fact of the network.
        for file in ("config.json", "preprocessor_config.json"):
            document = json.loads((folder / file).read_text())
            document.pop("transformers_version", None)
            (folder / file).write_text(json.dumps(document, indent=2) + "\n")
        print(name, list(pixels.shape), logits.tolist())


main()
