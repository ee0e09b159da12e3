"""Writes tests/fixtures/torchscript: a small network as torch.jit.save writes it, and what it computes, in float32.

    python tests/reference/make_torchscript.py

plain.pt             PlainNet of small_models.py
plain.safetensors    input [2, 3, 16, 16], logits, and the gradient of the logits of targets 1 and 3 with respect to the input
text.pt              a program that returns no tensor
"""

import io
import json
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from small_models import TARGETS, plain_model, small_input

FOLDER = Path(__file__).parent.parent / "fixtures" / "torchscript"


class Text(nn.Module):
    def forward(self, x: torch.Tensor) -> str:
        return "no logits"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    model, x = plain_model().float(), small_input("plain", batch=2, side=16).float()
    save(torch.jit.script(model), FOLDER / "plain.pt")
    save(torch.jit.script(Text()), FOLDER / "text.pt")
    x.requires_grad_()
    logits = model(x)
    (gradient,) = torch.autograd.grad(logits[range(len(TARGETS)), TARGETS].sum(), x)
    tensors = {"input": x, "logits": logits, "input_gradient": gradient}
    tensors = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    save_file(tensors, FOLDER / "plain.safetensors", {"reference": json.dumps({"targets": TARGETS})})


def save(program: torch.jit.ScriptModule, path: Path) -> None:
    """The program without its debugging information, which has paths of the machine in it."""
    whole = io.BytesIO()
    torch.jit.save(program, whole)
    with zipfile.ZipFile(whole) as entries, zipfile.ZipFile(path, "w") as kept:
        for entry in entries.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                kept.writestr(zipfile.ZipInfo(entry.filename), entries.read(entry), zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    main()
