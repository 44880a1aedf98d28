"""HEIC and DICOM, read with their packages, and named where these are missing."""

from __future__ import annotations

import contextlib
import sys
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pydicom
import pytest
from numpy.typing import NDArray

from imaging.errors import (
    DecoderMissingError,
    NotAPhotoError,
    PhotoError,
    TruncatedPhotoError,
    UnsupportedPhotoError,
)
from imaging.photo.reading import read_photo
from imaging.records import Photo
from imaging.settings import PhotoSettings


def read(path: Path) -> Photo:
    return read_photo(path, photo_id="p", settings=PhotoSettings())


def make_scene() -> NDArray[np.uint8]:
    y, x = np.mgrid[0:70, 0:90].astype(np.float64)
    return np.stack([60 + 2 * x, 40 + 2 * y, 200 - x - y], axis=2).clip(0, 255).astype(np.uint8)


def write_dicom(
    path: Path,
    samples: NDArray[np.uint8 | np.uint16],
    syntax: str = pydicom.uid.ExplicitVRLittleEndian,
    **changes: object,
) -> Path:
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.4"
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.77.1.4", "1.2.3"
    dataset.Rows, dataset.Columns = samples.shape[:2]
    dataset.SamplesPerPixel = 3 if samples.ndim == 3 else 1
    dataset.PhotometricInterpretation = "RGB" if samples.ndim == 3 else "MONOCHROME2"
    dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = 8 * samples.dtype.itemsize
    dataset.PixelRepresentation = 0
    dataset.PixelData = samples.tobytes()
    for name, value in changes.items():
        setattr(dataset, name, value)
    dataset.HighBit = dataset.BitsStored - 1
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_a_dicom_photo_brings_its_pixels_and_its_scale(tmp_path: Path) -> None:
    photo = read(write_dicom(tmp_path / "a.dcm", make_scene(), PixelSpacing=[0.005, 0.005]))
    np.testing.assert_array_equal(photo.pixels, make_scene())
    assert photo.source_format == "DICOM"
    assert photo.dicom_px_per_mm == pytest.approx(200)


@pytest.mark.parametrize("spacing", [None, [0.005, 0.02], [0.0, 0.0]])
def test_a_dicom_without_one_usable_spacing_has_no_scale(
    tmp_path: Path, spacing: list[float] | None
) -> None:
    changes = {"PixelSpacing": spacing} if spacing else {}
    photo = read(write_dicom(tmp_path / "a.dcm", make_scene(), **changes))
    assert photo.dicom_px_per_mm is None


def test_grey_12_bit_dicom_fills_the_range_and_is_shown_the_right_way_round(
    tmp_path: Path,
) -> None:
    grey = make_scene()[..., 0]
    stored = np.rint(grey / 255 * 4095).astype(np.uint16)
    plain = read(write_dicom(tmp_path / "a.dcm", stored, BitsStored=12))
    np.testing.assert_array_equal(plain.pixels[..., 1], grey)
    inverse = read(
        write_dicom(
            tmp_path / "b.dcm", stored, BitsStored=12, PhotometricInterpretation="MONOCHROME1"
        )
    )
    np.testing.assert_array_equal(inverse.pixels[..., 1], 255 - grey)


def test_a_truncated_dicom_is_refused(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", make_scene())
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises((TruncatedPhotoError, NotAPhotoError)):
        read(path)


def test_a_dicom_without_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 300)
    with pytest.raises(NotAPhotoError):
        read(path)


def test_a_deflated_dicom_is_refused_before_it_is_inflated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syntax = pydicom.uid.DeflatedExplicitVRLittleEndian
    path = write_dicom(tmp_path / "a.dcm", make_scene(), syntax)
    monkeypatch.delattr(zlib, "decompress")
    with pytest.raises(UnsupportedPhotoError, match="deflated") as raised:
        read(path)
    assert "Explicit VR Little Endian" in raised.value.remedy


def test_random_damage_to_a_dicom_ends_in_a_photo_or_a_photo_error(tmp_path: Path) -> None:
    content = write_dicom(tmp_path / "a.dcm", make_scene(), PixelSpacing=[0.01, 0.01]).read_bytes()
    rng = np.random.default_rng(12)
    for _ in range(200):
        damaged = bytearray(content)
        for at in rng.integers(132, 700, 4):
            damaged[at] = int(rng.integers(256))
        (tmp_path / "d").write_bytes(bytes(damaged))
        with contextlib.suppress(PhotoError):
            assert read(tmp_path / "d").pixels.dtype == np.uint8


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_heic_photo_is_upright_within_its_loss(tmp_path: Path, orientation: int) -> None:
    scene = make_scene()
    stored = np.ascontiguousarray(np.rot90(scene, 1)) if orientation == 6 else scene
    height, width = stored.shape[:2]
    photo = pillow_heif.from_bytes(mode="RGB", size=(width, height), data=stored.tobytes())
    if orientation == 6:
        photo.info["exif"] = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0" + (
            b"\0" * 4
        )
    photo.save(tmp_path / "a.heic", quality=95)
    read_back = read(tmp_path / "a.heic")
    assert read_back.source_format == "HEIC"
    assert read_back.pixels.shape == scene.shape
    assert np.abs(read_back.pixels.astype(int) - scene).mean() < 4  # HEIC's loss


@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
def test_a_truncated_heic_is_refused(tmp_path: Path, share: float) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (128, 128, 3), dtype=np.uint8)
    pillow_heif.from_bytes(mode="RGB", size=(128, 128), data=noise.tobytes()).save(
        tmp_path / "a.heic"
    )
    content = (tmp_path / "a.heic").read_bytes()
    (tmp_path / "a.heic").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(TruncatedPhotoError):
        read(tmp_path / "a.heic")


@pytest.mark.parametrize(
    ("content", "module", "extra"),
    [
        (b"\0\0\0\x18ftypheic" + b"\0" * 200, "pillow_heif", "heic"),
        (b"\0" * 128 + b"DICM" + b"\0" * 200, "pydicom", "dicom"),
    ],
)
def test_a_missing_decoder_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(DecoderMissingError) as raised:
        read(tmp_path / "a")
    assert f"dermetry[{extra}]" in raised.value.remedy
