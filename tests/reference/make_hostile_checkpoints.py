"""Writes tests/fixtures/checkpoints/hostile: files made to harm whoever reads them.

    python tests/reference/make_hostile_checkpoints.py

What a pickle would run is `touch reglet-was-executed`: a reader that runs it leaves that file behind. hostile.json
sorts the files, with what is wrong with each:

controls   sound, put together by the same means, holding one tensor `weight` of 0, 1, … 5 in two rows: to be read, or
           the refusals prove nothing
refused    to be refused
survived   they hold that tensor too, beside something that costs too much to look at: a reader may return the tensor
           or refuse the file, within a moment and a few megabytes, and must not crash
"""

import io
import json
import struct
import zipfile
from pathlib import Path

import torch

from pickle_assembler import (
    SIX_VALUES,
    STOP,
    archive,
    call,
    checkpoint,
    dict_of,
    entries,
    global_,
    integer,
    legacy,
    legacy_tensor,
    persistent,
    pickle,
    storage,
    tensor,
    text,
    tuple_of,
)

FOLDER = Path(__file__).parent.parent / "fixtures" / "checkpoints" / "hostile"
COMMAND = "touch reglet-was-executed"
PYTHON = "open('reglet-was-executed', 'w')"
DEEP, DEEPER = 20_000, 60_000


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    refused = code() | machinery() | memory() | tensors() | archives()
    survived = burdens()
    for name, (content, _) in (refused | survived).items():
        (FOLDER / name).write_bytes(content)
    for name, content in controls().items():
        (FOLDER / name).write_bytes(content)
        weight = torch.load(FOLDER / name, weights_only=True)["weight"]
        if not torch.equal(weight, torch.arange(6.0).reshape(2, 3)):
            raise ValueError(f"{name} does not hold what it should")
    index = {
        "controls": list(controls()),
        "refused": {name: reason for name, (_, reason) in refused.items()},
        "survived": {name: reason for name, (_, reason) in survived.items()},
    }
    (FOLDER / "hostile.json").write_text(json.dumps(index, indent=1) + "\n")


def controls() -> dict[str, bytes]:
    return {
        "sound.pth": checkpoint(pickle(dict_of(weight=tensor()))),
        "sound_legacy.pth": legacy(pickle(dict_of(weight=legacy_tensor()))),
    }


def code() -> dict[str, tuple[bytes, str]]:
    """Every way in which a pickle can name a function and have it called."""
    system = call(global_("os", "system"), text(COMMAND))
    command, python = text(COMMAND), text(PYTHON)
    popen = global_("subprocess", "Popen") + tuple_of(tuple_of(*map(text, COMMAND.split())))
    no_keywords = b"}"
    found = b"\x93"  # STACK_GLOBAL
    pickles = {
        "os_system": (pickle(system), "calls os.system"),
        "posix_system": (pickle(call(global_("posix", "system"), command)), "calls posix.system"),
        "subprocess": (pickle(call(global_("subprocess", "getoutput"), command)), "calls subprocess.getoutput"),
        "eval": (pickle(call(global_("builtins", "eval"), python)), "calls builtins.eval"),
        "exec_python2": (pickle(call(global_("__builtin__", "exec"), python)), "calls __builtin__.exec"),
        "beside_tensors": (pickle(dict_of(weight=tensor(), extra=system)), "calls os.system beside a good tensor"),
        "before_tensors": (pickle(system, b"0", dict_of(weight=tensor())), "calls os.system and drops the result"),
        "in_hooks": (pickle(dict_of(weight=tensor(hooks=system))), "calls os.system where a tensor's hooks stand"),
        "in_storage": (
            pickle(dict_of(weight=tensor(persistent(text("storage"), system, text("0"), text("cpu"), integer(6))))),
            "calls os.system where a storage's type stands",
        ),
        "stack_global": (
            pickle(text("os"), text("system"), found, tuple_of(command), b"R"),
            "names os.system by STACK_GLOBAL",
        ),
        "dotted_global": (
            pickle(text("torch"), text("os.system"), found, tuple_of(command), b"R"),
            "reaches os.system through an attribute of torch",
        ),
        "inst": (pickle(b"(", command, b"ios\nsystem\n"), "calls os.system by INST"),
        "obj": (pickle(b"(", global_("os", "system"), command, b"o"), "calls os.system by OBJ"),
        "newobj": (
            pickle(popen, b"\x81"),
            "makes a subprocess.Popen by NEWOBJ",
        ),
        "newobj_ex": (
            pickle(popen, no_keywords, b"\x92"),
            "makes a subprocess.Popen by NEWOBJ_EX",
        ),
        "build": (
            pickle(
                call(global_("collections", "OrderedDict")),
                dict_of(__setstate__=global_("os", "system")) + b"b",
                tuple_of(command) + b"b",
            ),
            "puts os.system where BUILD would call it",
        ),
        "getattr": (
            pickle(call(call(global_("builtins", "getattr"), global_("os", "path"), text("os")), command)),
            "reaches a module through builtins.getattr",
        ),
        "torch_hub": (
            pickle(call(global_("torch.hub", "load_state_dict_from_url"), text("https://weights.invalid/a.pth"))),
            "calls a function of torch that is none of those a state dict needs",
        ),
        "torch_load": (pickle(call(global_("torch", "load"), text("other.pth"))), "calls torch.load"),
        "extension": (pickle(b"\x82\x01"), "names an entry of the extension registry"),
        "persistent_id": (pickle(b"Pos.system\n"), "a textual persistent identifier that PyTorch does not write"),
    }
    files = {f"code_{name}.pth": (checkpoint(content), reason) for name, (content, reason) in pickles.items()}
    files["code_legacy.pth"] = (legacy(pickle(system)), "calls os.system, in the legacy format")
    files["code_legacy_header.pth"] = (
        legacy(pickle(dict_of(weight=legacy_tensor())), header=pickle(system)),
        "calls os.system in the first pickle of the legacy format",
    )
    files["code_bare_pickle.pth"] = (pickle(system), "calls os.system, in a bare pickle")
    return files


def machinery() -> dict[str, tuple[bytes, str]]:
    """Pickles that are broken as programs."""
    sound = dict_of(weight=tensor())
    pickles = {
        "nothing": (b"", "no opcode at all"),
        "only_stop": (pickle(), "stops with an empty stack"),
        "no_stop": (pickle(sound)[:-1], "ends without STOP"),
        "reduce_on_nothing": (pickle(b"R"), "calls with an empty stack"),
        "pop_on_nothing": (pickle(b"0", sound), "pops from an empty stack"),
        "tuple_without_mark": (pickle(b"t"), "closes a tuple that was not opened"),
        "odd_dict": (pickle(b"}(", text("weight"), b"u"), "a key without a value"),
        "list_as_key": (pickle(b"}(]", tensor(), b"u"), "a list as a key"),
        "append_to_tensor": (pickle(tensor(), tensor(), b"a"), "appends to a tensor"),
        "unknown_memo": (pickle(b"h\x07"), "reads a memo that was never written"),
        "unknown_opcode": (pickle(b"\xff"), "an opcode that does not exist"),
        "unknown_protocol": (b"\x80\x63" + pickle(sound)[2:], "protocol 99"),
        "not_utf8": (pickle(b"}X\x02\x00\x00\x00\xff\xfe", tensor(), b"s"), "a name that is not UTF-8"),
        "bad_integer": (pickle(b"Iseven\n"), "a textual integer that is none"),
        "line_without_end": (pickle(b"}c" + b"torch")[:-1], "a GLOBAL whose line does not end"),
        "mark_as_result": (pickle(sound, b"("), "leaves an open mark"),
    }
    return {f"pickle_{name}.pth": (checkpoint(content), reason) for name, (content, reason) in pickles.items()}


def memory() -> dict[str, tuple[bytes, str]]:
    """Small files that ask for more memory than they could fill."""
    pickles = {
        "memo_bomb_as_key": (pickle(b"}", doubling(), b"K\x01s"), "2^40 pairs as the key of a dict, to be hashed"),
        "open_marks": (pickle(b"(" * DEEP), f"{DEEP} marks, none closed"),
        "long_text": (pickle(b"X\xff\xff\xff\xff"), "a text of 4 GiB"),
        "long_text_8": (pickle(b"\x8d" + struct.pack("<Q", 2**63)), "a text of 2^63 bytes"),
        "long_bytes": (pickle(b"B\xff\xff\xff\xff"), "4 GiB of bytes"),
        "long_bytes_8": (pickle(b"\x8e" + struct.pack("<Q", 2**64 - 1)), "2^64-1 bytes"),
        "long_bytearray": (pickle(b"\x96" + struct.pack("<Q", 2**62)), "2^62 bytes"),
        "long_string": (pickle(b"T" + struct.pack("<i", 2**31 - 1)), "a byte string of 2 GiB"),
        "negative_string": (pickle(b"T" + struct.pack("<i", -1)), "a byte string of -1 bytes"),
        "long_integer": (pickle(b"\x8b" + struct.pack("<i", 2**31 - 1)), "an integer of 2 GiB"),
        "negative_integer": (pickle(b"\x8b" + struct.pack("<i", -5)), "an integer of -5 bytes"),
        "long_frame": (pickle(b"\x95" + struct.pack("<Q", 2**60), b"}"), "a frame of 2^60 bytes"),
    }
    return {f"memory_{name}.pth": (checkpoint(content), reason) for name, (content, reason) in pickles.items()}


def burdens() -> dict[str, tuple[bytes, str]]:
    """A good tensor beside something that costs time, memory or stack."""

    def beside(burden: bytes, memo: bytes = b"") -> bytes:
        return pickle(b"}", memo, text("burden"), burden, b"s", text("weight"), tensor(), b"s")

    pickles = {
        "nested_tuples": (beside(b")" + b"\x85" * DEEPER), f"{DEEPER} tuples in one another"),
        "nested_lists": (beside(b"]" * DEEP + b"a" * (DEEP - 1)), f"{DEEP} lists in one another"),
        "memo_bomb": (beside(doubling()), "2^40 pairs through references"),
        "cycle": (beside(b"h\x00", memo=b"q\x00"), "a dict that contains itself"),
        "memo_index": (beside(b"N", memo=b"r\xff\xff\xff\xff"), "writes memo 4294967295"),
    }
    sound = pickle(dict_of(weight=tensor()))
    idle = sound[:-1] + b"N0" * 2_000_000 + STOP
    bombs = {
        "pickle": (deflated(entries(idle)), "4 MB of idle opcodes, deflated"),
        "storage": (
            deflated(entries(sound) | {"archive/data/0": SIX_VALUES + bytes(8_000_000)}),
            "8 MB for 6 values, deflated",
        ),
    }
    files = {f"burden_{name}.pth": (checkpoint(content), reason) for name, (content, reason) in pickles.items()}
    return files | {f"burden_deflated_{name}.pth": bomb for name, bomb in bombs.items()}


def doubling() -> bytes:
    """Each level is a pair of the level before it, so that the last has 2^40 leaves in forty pairs."""
    return b")q\x01" + b"".join(b"0h%ch%c\x86q%c" % (n, n, n + 1) for n in range(1, 41))


def tensors() -> dict[str, tuple[bytes, str]]:
    """Tensors that do not fit their storage, in a file whose storage 0 holds six float32 values."""
    claims = {
        "key_traversal": (tensor(storage("../../secret")), "a storage outside the archive"),
        "key_absolute": (tensor(storage("/etc/hostname")), "a storage with an absolute path"),
        "key_missing": (tensor(storage("7")), "a storage that the archive does not hold"),
        "numel_too_large": (tensor(storage(numel=7)), "a storage of 7 values in 24 bytes"),
        "numel_huge": (tensor(storage(numel=2**62), sizes=(2**62,), strides=(1,)), "a storage of 2^62 values"),
        "numel_beyond_64_bits": (tensor(storage(numel=2**80)), "a storage of 2^80 values"),
        "numel_negative": (tensor(storage(numel=-6)), "a storage of -6 values"),
        "wider_type": (tensor(storage(kind="DoubleStorage")), "6 float64 values in 24 bytes"),
        "unknown_type": (tensor(storage(kind="QUInt4x2Storage")), "a type that no weights have"),
        "storage_kind": (
            tensor(persistent(text("module"), global_("torch", "FloatStorage"), text("0"), text("cpu"), integer(6))),
            "a persistent identifier that is no storage",
        ),
        "storage_short": (tensor(persistent(text("storage"), global_("torch", "FloatStorage"))), "half an identifier"),
        "size_too_large": (tensor(sizes=(3, 3)), "9 values of 6"),
        "size_negative": (tensor(sizes=(-2, -3)), "negative sizes"),
        "size_overflow": (tensor(sizes=(2**32, 2**32), strides=(2**32, 1)), "2^64 values"),
        "size_overflow_to_zero": (tensor(sizes=(2**33, 2**33), strides=(0, 0)), "2^66 values, without strides"),
        "size_text": (tensor(sizes=tuple_of(text("two")), strides=(1,)), "a size that is a text"),
        "expanded": (tensor(sizes=(2**40,), strides=(0,)), "2^40 values, all the same one"),
        "stride_too_large": (tensor(strides=(4, 1)), "a stride that leaves the storage"),
        "stride_negative": (tensor(offset=5, strides=(-3, -1)), "negative strides"),
        "stride_overflow": (tensor(strides=(2**63, 1)), "a stride of 2^63"),
        "stride_missing": (tensor(strides=(1,)), "two sizes and one stride"),
        "offset_too_large": (tensor(offset=1), "an offset that leaves the storage"),
        "offset_negative": (tensor(offset=-1), "a negative offset"),
        "offset_overflow": (tensor(offset=2**64 - 1), "an offset of 2^64-1"),
        "too_few_arguments": (
            call(global_("torch._utils", "_rebuild_tensor_v2"), storage()),
            "a tensor without sizes and strides",
        ),
    }
    return {
        f"tensor_{name}.pth": (checkpoint(pickle(dict_of(weight=claim))), reason)
        for name, (claim, reason) in claims.items()
    }


def archives() -> dict[str, tuple[bytes, str]]:
    """ZIP files whose directory does not tell the truth."""
    sound = pickle(dict_of(weight=tensor()))
    good = checkpoint(sound)
    return {
        "zip_size_too_large.pth": (
            claim(good, "archive/data/0", 20, 2**31, 2**31),
            "an entry of 2 GiB in a small file",
        ),
        "zip_size_maximal.pth": (claim(good, "archive/data.pkl", 20, 2**32 - 2, 2**32 - 2), "a pickle of 4 GiB"),
        "zip_sizes_differ.pth": (
            claim(good, "archive/data/0", 24, 48),
            "a stored entry larger unpacked than packed",
        ),
        "zip_size_too_small.pth": (claim(good, "archive/data/0", 20, 8, 8), "8 bytes of a storage of 24"),
        "zip_offset_beyond.pth": (claim(good, "archive/data/0", 42, 2**31), "an entry that begins beyond the file"),
        "zip_offset_elsewhere.pth": (claim(good, "archive/data/0", 42, 3), "an entry that begins where none does"),
        "zip_entry_count.pth": (
            good[:-14] + struct.pack("<HH", 65534, 65534) + good[-10:],
            "a directory of 65534 entries in a small file",
        ),
        "zip_wrong_checksum.pth": (good.replace(SIX_VALUES, SIX_VALUES[::-1]), "a storage whose checksum is wrong"),
        "zip_two_pickles.pth": (
            archive(entries(sound, root="a") | entries(sound, root="b")),
            "two checkpoints in one archive",
        ),
        "zip_big_endian.pth": (checkpoint(sound, byteorder=b"big"), "values in big-endian order"),
        "zip_unknown_byteorder.pth": (checkpoint(sound, byteorder=b"middle"), "an unknown order of bytes"),
        "zip_encrypted.pth": (flagged(good), "entries marked as encrypted"),
    }


def claim(content: bytes, name: str, field: int, *values: int) -> bytes:
    """Overwrites 32-bit fields, from byte `field` on, of an entry's record in the central directory."""
    record = content.index(b"PK\x01\x02")
    while content[record + 46 : record + 46 + len(name)] != name.encode():
        record = content.index(b"PK\x01\x02", record + 4)
    start, packed = record + field, struct.pack(f"<{len(values)}I", *values)
    return content[:start] + packed + content[start + len(packed) :]


def flagged(content: bytes) -> bytes:
    """Sets the encryption bit of every entry, in its own header and in the central directory."""
    changed = bytearray(content)
    for signature, field in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            changed[at + field] |= 1
            at = content.find(signature, at + 4)
    return bytes(changed)


def deflated(content: dict[str, bytes]) -> bytes:
    """The entries compressed, which PyTorch never does."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, data in content.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, data)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
