"""Writes tests/fixtures/checkpoints: one small state dict in every wrapping that PyTorch's files come in.

    python tests/reference/make_checkpoints.py

expected.safetensors   the tensors that every file in accepted/ holds
expected.json          for each file in accepted/, what surrounds the state dict and the prefix of its names; and the
                       files every proper prefix of which has to be refused
accepted/*.pth         to be read
refused/*.pth          harmless to open, yet no state dict that could be read: cut short, another format, another kind

The names of the tensors are those of `module()`, followed by those that only a plain dict can hold. The hostile files
come from make_hostile_checkpoints.py.
"""

import json
import zipfile
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from pickle_assembler import archive

FOLDER = Path(__file__).parent.parent / "fixtures" / "checkpoints"
ACCEPTED, REFUSED = FOLDER / "accepted", FOLDER / "refused"


def main() -> None:
    ACCEPTED.mkdir(parents=True, exist_ok=True)
    REFUSED.mkdir(parents=True, exist_ok=True)
    state = state_dict()
    tensors = {name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in state.items()}
    save_file(tensors, FOLDER / "expected.safetensors")
    expected = {
        "accepted": write_accepted(state),
        "refused": write_refused(state),
        "refuse_every_proper_prefix_of": ["plain.pth", "legacy.pth"],
    }
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    for name, wrapping in expected["accepted"].items():
        check(name, wrapping, state)


def module() -> nn.Module:
    """A convolution and a batch normalisation, so that there is a `_metadata` attribute and an int64 scalar."""
    torch.manual_seed(0)
    model = nn.Sequential(OrderedDict(conv=nn.Conv2d(1, 2, 2), bn=nn.BatchNorm2d(2)))
    model(torch.randn(2, 1, 3, 3))
    return model


def state_dict() -> OrderedDict:
    """Every way a tensor can lie in its storage, and every type that weights are kept in."""
    generator = torch.Generator().manual_seed(1)
    state = module().state_dict()
    shared = torch.arange(10, dtype=torch.float32)
    state["f32"] = torch.randn(2, 3, generator=generator)
    state["f16"] = torch.randn(4, generator=generator).half()
    state["bf16"] = torch.randn(4, generator=generator).bfloat16()
    state["f64"] = torch.randn(2, 2, generator=generator).double()
    state["i64_scalar"] = torch.tensor(-1234567890123)
    state["transposed"] = torch.arange(6, dtype=torch.float32).reshape(2, 3).t()
    state["shared.whole"] = shared
    state["shared.part"] = shared[3:7].view(2, 2)
    state["shared.strided"] = shared[1::3]
    state["empty"] = torch.empty(0, 3)
    state["parameter"] = nn.Parameter(torch.randn(3, generator=generator))
    return state


def write_accepted(state: OrderedDict) -> dict[str, dict]:
    """For each file, the keys that lead to the state dict and the prefix of the tensors' names."""

    def save(name: str, content, path: tuple[str, ...] = (), prefix: str = "", **how) -> None:
        torch.save(content, ACCEPTED / name, **how)
        written[name] = {"path": path, "prefix": prefix}

    written = {}
    optimizer = torch.optim.SGD(module().parameters(), lr=0.1, momentum=0.9).state_dict()
    training = {"state_dict": state, "epoch": 3, "best": 0.75, "done": False, "name": "small", "optimizer": optimizer}
    prefixed = OrderedDict((f"module.{name}", tensor) for name, tensor in state.items())

    save("plain.pth", state)
    save("legacy.pth", state, _use_new_zipfile_serialization=False)
    save("plain_dict.pth", dict(state))
    save("protocol4.pth", state, pickle_protocol=4)
    save("protocol5.pth", state, pickle_protocol=5)
    save("nested_state_dict.pth", training, ("state_dict",))
    save("nested_state_dict_legacy.pth", training, ("state_dict",), _use_new_zipfile_serialization=False)
    save("nested_model.pth", {"model": state, "epoch": 3}, ("model",))
    save("prefix_module.pth", prefixed, prefix="module.")
    save("nested_prefix_module.pth", {"state_dict": prefixed}, ("state_dict",), "module.")

    # PyTorch before 2.1 wrote no byteorder entry.
    without_entry(ACCEPTED / "plain.pth", "byteorder", ACCEPTED / "without_byteorder.pth")
    written["without_byteorder.pth"] = {"path": [], "prefix": ""}
    return written


def write_refused(state: OrderedDict) -> dict[str, str]:
    """For each file, why it has to be refused."""
    plain, legacy = (ACCEPTED / "plain.pth").read_bytes(), (ACCEPTED / "legacy.pth").read_bytes()
    files = {
        "empty.pth": (b"", "the file is empty"),
        "one_byte.pth": (plain[:1], "one byte is no checkpoint"),
        "web_page.pth": (b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n", "a web page saved as weights"),
        "lfs_pointer.pth": (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 46807448\n",
            "a Git LFS pointer instead of the file",
        ),
        "zip_cut_in_data.pth": (plain[: len(plain) // 2], "cut in the middle: the central directory is missing"),
        "zip_cut_in_directory.pth": (plain[:-200], "cut within the central directory"),
        "zip_cut_by_one.pth": (plain[:-1], "the last byte is missing"),
        "legacy_cut_in_header.pth": (legacy[:20], "cut within the header"),
        "legacy_cut_in_pickle.pth": (legacy[:700], "cut within the pickle"),
        "legacy_cut_in_storage.pth": (legacy[:-30], "cut within a storage"),
        "legacy_cut_by_one.pth": (legacy[:-1], "the last byte is missing"),
        "zip_without_pickle.pth": (archive({"archive/readme.txt": b"nothing"}), "a ZIP without data.pkl"),
        "zip_without_entries.pth": (archive({}), "a ZIP without entries"),
        "torchscript.pth": (
            archive({"m/data.pkl": b"\x80\x02}.", "m/constants.pkl": b"\x80\x02).", "m/code/__torch__.py": b""}),
            "a TorchScript archive",
        ),
        "pt2_archive.pth": (
            archive({"m/archive_format": b"pt2", "m/archive_version": b"0", "m/byteorder": b"little"}),
            "a torch.export archive",
        ),
    }
    reasons = {}
    for name, (content, reason) in files.items():
        (REFUSED / name).write_bytes(content)
        reasons[name] = reason

    def save(name: str, content, reason: str) -> None:
        torch.save(content, REFUSED / name)
        reasons[name] = reason

    save("whole_module.pth", module(), "a pickled nn.Module: reading it would run its class; save its state_dict()")
    save("whole_module_nested.pth", {"model": module(), "epoch": 3}, "a pickled nn.Module under the key model")
    save("one_tensor.pth", state["f32"], "a tensor, not a dict of tensors")
    save("list.pth", [state["f32"]], "a list, not a dict of tensors")
    save("no_tensors.pth", {"epoch": 3, "name": "small"}, "a dict without tensors")
    save("complex.pth", {"weight": torch.zeros(2, dtype=torch.complex64)}, "complex numbers are no weights")
    save("sparse.pth", {"weight": torch.eye(2).to_sparse()}, "a sparse tensor")
    return reasons


def without_entry(source: Path, entry: str, target: Path) -> None:
    """Copies an archive but for one entry."""
    with zipfile.ZipFile(source) as file:
        kept = [name for name in file.namelist() if not name.endswith(f"/{entry}")]
        target.write_bytes(archive({name: file.read(name) for name in kept}))


def check(name: str, wrapping: dict, state: OrderedDict) -> None:
    """PyTorch itself reads what was to be written."""
    # These files are our own. The safe loader does not know the later protocols of pickle.
    content = torch.load(ACCEPTED / name, weights_only=False)
    for key in wrapping["path"]:
        content = content[key]
    if list(content) != [wrapping["prefix"] + name for name in state]:
        raise ValueError(f"{name} does not hold the tensors that were to be written")
    for tensor, expected in zip(content.values(), state.values()):
        if not torch.equal(tensor, expected) or tensor.dtype != expected.dtype:
            raise ValueError(f"{name} does not hold the values that were to be written")


if __name__ == "__main__":
    main()
