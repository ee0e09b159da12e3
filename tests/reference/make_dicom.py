"""Writes `crates/reglet-data/tests/fixtures/dicom/`: small DICOM files, and what pydicom makes of them.

Each file `NAME.dcm` (one has no extension) has beside it, in `expected`, a picture of 16 bits a sample for each frame,
`NAME.dcm.png` or `NAME.dcm#2.png`: grey is `apply_voi_lut(apply_modality_lut(...))`, stretched so that 0 is the least and 65535
the most that the stored bits, or the table's, can say, and inverted for MONOCHROME1; colour is RGB as pydicom has it, the most
that the stored bits can say being 65535. The pictures are a slope, a disc and noise from a seeded generator. The people in the
files do not exist.

    python tests/reference/make_dicom.py           the committed files
    python tests/reference/make_dicom.py FOLDER    nothing that is committed: the same of the files that come with pydicom,
                                                   for `REGLET_DICOM=FOLDER cargo test -p reglet-data --features dicom --test dicom`
"""

import io
import shutil
import sys
import tempfile
from pathlib import Path

import gdcm
import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_modality_lut, apply_voi_lut, pixel_array
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

HERE = Path(__file__).resolve().parents[2] / "crates/reglet-data/tests/fixtures/dicom"
ROWS, COLUMNS = 34, 41
PATIENT, STUDY = "SECRET-4711", "1.2.826.0.1.3680043.8.498.4711"


def scene(seed, most, least=0):
    """A slope with a disc and some noise, of whole numbers from least to most."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:ROWS, :COLUMNS]
    levels = x / (COLUMNS - 1) * 0.7 + 0.3 * ((x - 9) ** 2 + (y - 8) ** 2 < 30) + random.normal(0, 0.02, (ROWS, COLUMNS))
    return np.round(least + np.clip(levels, 0, 1) * (most - least))


def dataset(pixels, stored, syntax, photometric="MONOCHROME2", signed=False, samples=1, frames=1, **more):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = STUDY + ".2"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = "Secret^Person", PATIENT, "19010203"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = STUDY, STUDY + ".1"
    ds.AccessionNumber = "SECRET-ACC"
    ds.Rows, ds.Columns, ds.SamplesPerPixel = ROWS, COLUMNS, samples
    ds.PhotometricInterpretation = photometric
    ds.BitsAllocated = 8 if stored <= 8 else 16
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = stored, stored - 1, int(signed)
    if frames > 1:
        ds.NumberOfFrames = frames
    if samples > 1:
        ds.PlanarConfiguration = 0
    for name, value in more.items():
        setattr(ds, name, value)
    kind = ("i" if signed else "u") + str(ds.BitsAllocated // 8)
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    data = pixels.astype(order + kind).tobytes()
    if isinstance(pixels, np.ndarray):
        ds.PixelData = data + b"\0" * (len(data) % 2)
        ds["PixelData"].VR = "OW" if ds.BitsAllocated > 8 else "OB"
    return ds


def table():
    item = Dataset()
    item.LUTDescriptor = [1000, 500, 12]
    item.LUTData = np.round(4095 * (np.arange(1000) / 999) ** 0.5).astype("<u2").tolist()
    item["LUTData"].VR = "US"
    return Sequence([item])


def files():
    plain, implicit, big = ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian
    colour = np.stack([scene(seed, 255) for seed in (1, 2, 3)], -1)
    window = dict(WindowCenter=1800, WindowWidth=2500)
    yield "window.dcm", dataset(scene(4, 4095), 12, plain, **window)
    yield "two-windows.dcm", dataset(scene(4, 4095), 12, implicit, WindowCenter=[1000, 2000], WindowWidth=[900, 100])
    yield "exact.dcm", dataset(scene(4, 4095), 12, plain, VOILUTFunction="LINEAR_EXACT", **window)
    yield "sigmoid.dcm", dataset(scene(4, 4095), 12, plain, VOILUTFunction="SIGMOID", **window)
    yield "table.dcm", dataset(scene(5, 2000), 12, plain, VOILUTSequence=table(), **window)
    yield "inverted.dcm", dataset(scene(6, 1023), 10, implicit, "MONOCHROME1")
    yield "inverted-window.dcm", dataset(scene(6, 1023), 10, plain, "MONOCHROME1", WindowCenter=400, WindowWidth=500)
    hounsfield = dict(RescaleSlope=1, RescaleIntercept=-1024, WindowCenter=40, WindowWidth=400)
    yield "hounsfield.dcm", dataset(scene(7, 2000), 12, plain, **hounsfield)
    yield "signed.dcm", dataset(scene(8, 900, -1000), 16, plain, signed=True, WindowCenter=50, WindowWidth=1500)
    yield "signed-12.dcm", dataset(scene(8, 900, -1000), 12, implicit, signed=True, RescaleSlope=2, RescaleIntercept=5)
    yield "dark.dcm", dataset(scene(9, 3000), 16, plain)
    yield "eight.dcm", dataset(scene(10, 255), 8, plain)
    yield "big-endian.dcm", dataset(scene(11, 4095), 12, big, **window)
    yield "IM0001", dataset(scene(12, 4095), 12, plain, **window)
    yield "rgb.dcm", dataset(colour, 8, plain, "RGB", samples=3)
    planar = dataset(colour.transpose(2, 0, 1), 8, plain, "RGB", samples=3)
    planar.PlanarConfiguration = 1
    yield "planar.dcm", planar
    yield "ybr.dcm", dataset(colour, 8, plain, "YBR_FULL", samples=3)
    yield "rgb-16.dcm", dataset(257 * colour, 16, plain, "RGB", samples=3)
    frames = np.stack([scene(seed, 4095) for seed in (13, 14, 15)])
    yield "frames.dcm", dataset(frames, 12, plain, frames=3, **window)

    for name, ds in [
        ("rle.dcm", dataset(scene(16, 4095), 12, plain, **window)),
        ("rle-rgb.dcm", dataset(colour, 8, plain, "RGB", samples=3)),
        ("rle-frames.dcm", dataset(frames, 12, plain, frames=3, **window)),
    ]:
        ds.compress(RLELossless, encoding_plugin="pylibjpeg", generate_instance_uid=False)
        yield name, ds
    for name, ds in [
        ("jpeg-2000.dcm", dataset(scene(17, 4095), 12, plain, **window)),
        ("jpeg-2000-signed.dcm", dataset(scene(8, 900, -1000), 16, plain, signed=True, WindowCenter=50, WindowWidth=1500)),
        ("jpeg-2000-rgb.dcm", dataset(colour, 8, plain, "RGB", samples=3)),
    ]:
        ds.compress(JPEG2000Lossless, generate_instance_uid=False)
        yield name, ds
    for name, ds, picture in [
        ("jpeg.dcm", dataset(scene(18, 255), 8, plain), scene(18, 255)),
        ("jpeg-rgb.dcm", dataset(colour, 8, plain, "YBR_FULL_422", samples=3), colour),
    ]:
        coded = io.BytesIO()
        Image.fromarray(picture.astype("u1")).save(coded, "JPEG", quality=95, subsampling=0)
        ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
        ds.PixelData = encapsulate([coded.getvalue()])
        ds["PixelData"].VR = "OB"
        yield name, ds
    for name, ds in [
        ("jpeg-lossless.dcm", dataset(scene(19, 4095), 12, plain, **window)),
        ("jpeg-lossless-8.dcm", dataset(scene(20, 255), 8, plain)),
        ("jpeg-lossless-signed.dcm", dataset(scene(8, 900, -1000), 16, plain, signed=True, WindowCenter=50, WindowWidth=1500)),
        ("jpeg-lossless-rgb.dcm", dataset(colour, 8, plain, "RGB", samples=3)),
    ]:
        yield name, compressed(ds, gdcm.TransferSyntax.JPEGLosslessProcess14_1)
    yield "jpeg-lossless-14.dcm", compressed(
        dataset(scene(19, 4095), 12, plain, **window), gdcm.TransferSyntax.JPEGLosslessProcess14
    )


def compressed(ds, syntax):
    """The same as GDCM compresses it, for pydicom has no encoder of JPEG without loss."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = f"{folder}/before.dcm", f"{folder}/after.dcm"
        ds.save_as(before, enforce_file_format=True)
        reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
        reader.SetFileName(before)
        assert reader.Read()
        change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer.SetFileName(after)
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        return pydicom.dcmread(after)


def expected(ds):
    """The frames as 16-bit arrays, rows by columns or rows by columns by three."""
    # GDCM only writes; what it would read itself proves little.
    is_compressed = ds.file_meta.TransferSyntaxUID.is_compressed
    array = pixel_array(ds, decoding_plugin="pylibjpeg" if is_compressed else "")
    frames = array if int(ds.get("NumberOfFrames", 1) or 1) > 1 else array[None]
    bits = ds.BitsStored
    if ds.SamplesPerPixel == 3:
        return [np.round(frame / (2**bits - 1) * 65535).astype("u2") for frame in frames]
    least, most = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if ds.PixelRepresentation else (0, 2**bits - 1)
    slope, intercept = float(ds.get("RescaleSlope", 1)), float(ds.get("RescaleIntercept", 0))
    least, most = least * slope + intercept, most * slope + intercept
    if ds.get("VOILUTSequence"):
        least, most = 0, 2 ** ds.VOILUTSequence[0].LUTDescriptor[2] - 1
    made = []
    for frame in frames:
        frame = apply_voi_lut(apply_modality_lut(frame, ds), ds, index=0).astype("f8")
        grey = np.clip((frame - least) / (most - least), 0, 1)
        made.append(np.round(65535 * (1 - grey if ds.PhotometricInterpretation == "MONOCHROME1" else grey)).astype("u2"))
    return made


def save(folder, name, frames):
    import png

    for number, frame in enumerate(frames, 1):
        path = folder / "expected" / (f"{name}.png" if len(frames) == 1 else f"{name}#{number}.png")
        with open(path, "wb") as file:
            writer = png.Writer(frame.shape[1], frame.shape[0], greyscale=frame.ndim == 2, bitdepth=16)
            writer.write(file, frame.reshape(frame.shape[0], -1).tolist())


def main():
    if len(sys.argv) == 1:
        shutil.rmtree(HERE, ignore_errors=True)
        (HERE / "expected").mkdir(parents=True)
        for name, ds in files():
            ds.save_as(HERE / name, enforce_file_format=True)
            save(HERE, name, expected(pydicom.dcmread(HERE / name)))
        return
    folder = Path(sys.argv[1])
    (folder / "expected").mkdir(parents=True, exist_ok=True)
    for path in sorted((Path(pydicom.__file__).parent / "data/test_files").glob("*.dcm")):
        try:
            ds = pydicom.dcmread(path)
            frames = expected(ds)
        except Exception as fault:
            print(f"{path.name}: pydicom makes nothing of it: {str(fault).splitlines()[0]}")
            continue
        shutil.copy(path, folder / path.name)
        save(folder, path.name, frames)


main()
