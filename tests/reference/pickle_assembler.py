"""Writes pickles opcode by opcode, so that they can say what no pickler would.

Opcodes: https://docs.python.org/3/library/pickletools.html. Each function gives the bytes that leave one object on the
unpickler's stack, unless its text says otherwise.
"""

import io
import struct
import zipfile

PROTOCOL = b"\x80\x02"
STOP = b"."

# What storage 0 of a sound file holds.
SIX_VALUES = struct.pack("<6f", *range(6))


def pickle(*parts: bytes) -> bytes:
    """A whole pickle."""
    return PROTOCOL + b"".join(parts) + STOP


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def integer(value: int) -> bytes:
    """LONG1, which holds any integer that tensors need and many that they do not."""
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def tuple_of(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def dict_of(**items: bytes) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def global_(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + tuple_of(*arguments) + b"R"


def storage(key: str = "0", numel: int = 6, kind: str = "FloatStorage", *more: bytes) -> bytes:
    """The persistent identifier by which PyTorch refers to a storage. In the legacy format there is one part more."""
    return persistent(text("storage"), global_("torch", kind), text(key), text("cpu"), integer(numel), *more)


def persistent(*parts: bytes) -> bytes:
    """A persistent identifier."""
    return tuple_of(*parts) + b"Q"


def tensor(
    data: bytes | None = None,
    offset: int = 0,
    sizes: tuple[int, ...] | bytes = (2, 3),
    strides: tuple[int, ...] = (3, 1),
    hooks: bytes | None = None,
) -> bytes:
    """A call of torch._utils._rebuild_tensor_v2. Without arguments it is a sound tensor of six numbers."""
    return call(
        global_("torch._utils", "_rebuild_tensor_v2"),
        storage() if data is None else data,
        integer(offset),
        sizes if isinstance(sizes, bytes) else tuple_of(*map(integer, sizes)),
        tuple_of(*map(integer, strides)),
        b"\x89",
        call(global_("collections", "OrderedDict")) if hooks is None else hooks,
    )


def legacy_tensor() -> bytes:
    """The sound tensor as the legacy format writes it, where a storage can be a view of another."""
    return tensor(storage("0", 6, "FloatStorage", b"N"))


def checkpoint(content: bytes, byteorder: bytes = b"little") -> bytes:
    """PyTorch's ZIP around a pickle, with one storage of six values."""
    return archive(entries(content, byteorder))


def entries(content: bytes, byteorder: bytes = b"little", root: str = "archive") -> dict[str, bytes]:
    """What PyTorch's ZIP holds."""
    return {
        f"{root}/data.pkl": content,
        f"{root}/byteorder": byteorder,
        f"{root}/data/0": SIX_VALUES,
        f"{root}/version": b"3\n",
    }


def archive(content: dict[str, bytes]) -> bytes:
    """A ZIP whose entries are stored, with a fixed date."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, data in content.items():
            file.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def legacy(content: bytes, header: bytes | None = None) -> bytes:
    """PyTorch's format before 1.6, up to and including the pickle of the object, with one storage of six values."""
    if header is None:
        magic = pickle(integer(0x1950A86A20F9469CFC6C))
        version = pickle(integer(1001))
        system = pickle(dict_of(protocol_version=integer(1001), little_endian=b"\x88"))
        header = magic + version + system
    keys = pickle(b"](" + text("0") + b"e")
    return header + content + keys + struct.pack("<q", 6) + SIX_VALUES
