"""Writes tests/fixtures/twins: small torchvision networks as torch.export saves them, without their weights.

    python tests/reference/make_twins.py

{architecture}.zip     deflated, since an archive of torch.export is not: {architecture}.pt2, whose weights are
                       zeros, for they deflate to nothing; small_models.py says what the values are
"""

import tempfile
import zipfile
from pathlib import Path

import torch

from make_models import small_shape
from small_models import ARCHITECTURES, CLASSES, unfilled_model

FOLDER = Path(__file__).parent.parent / "fixtures" / "twins"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for architecture in ARCHITECTURES:
        write(architecture)


def write(architecture: str) -> None:
    _, side, _ = small_shape(architecture)
    with torch.device("meta"):
        model = unfilled_model(architecture, CLASSES).eval()
    state = {name: torch.zeros(tensor.shape) for name, tensor in model.state_dict().items()}
    model.load_state_dict(state, assign=True)
    save_exported(model, torch.zeros(2, 3, side, side), FOLDER / f"{architecture}.zip")


def save_exported(model: torch.nn.Module, pictures: torch.Tensor, path: Path) -> None:
    """NAME.zip: NAME.pt2, the model as torch.export saves it for any number of pictures."""
    batch = torch.export.Dim("batch")
    program = torch.export.export(model, (pictures,), dynamic_shapes=({0: batch},))
    # Where each call stands in the source, with paths of the machine, is nobody's business.
    for node in program.graph.nodes:
        for key in ("stack_trace", "torch_fn", "from_node"):
            node.meta.pop(key, None)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / f"{path.stem}.pt2"
        torch.export.save(program, archive)
        entry = zipfile.ZipInfo(archive.name)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
            zipped.writestr(entry, archive.read_bytes(), zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main()
