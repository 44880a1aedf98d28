"""Reading is whole or not at all, upright, in sRGB; finding loses nothing and names it once."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import socket
import struct
import unicodedata
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms

from imaging.errors import (
    EmptyFileError,
    NoPhotosError,
    NotAPhotoError,
    PhotoError,
    PhotoTooLargeError,
    PhotoTooSmallError,
    TruncatedPhotoError,
    UnreadableFileError,
    UnsupportedPhotoError,
    UsageError,
)
from imaging.photo.reading import find_photos, read_photo
from imaging.records import Photo
from imaging.settings import PhotoSettings

Pixels = NDArray[np.uint8]


def read(path: Path, **changes: int) -> Photo:
    return read_photo(path, photo_id="p", settings=PhotoSettings(**changes))


@pytest.fixture
def scene() -> Pixels:
    """Smooth and different in every corner, so that turns, mirrors and channels are told apart."""
    y, x = np.mgrid[0:70, 0:90].astype(np.float64)
    planes = [60 + 2 * x, 40 + 2 * y, 200 - x - y]
    return np.clip(np.stack(planes, axis=2), 0, 255).astype(np.uint8)


def save(path: Path, pixels: Pixels, **options: object) -> Path:
    Image.fromarray(pixels).save(path, **options)  # type: ignore[arg-type]
    return path


# --- Formats -------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "webp"])
def test_lossless_formats_give_the_pixels_that_were_saved(
    tmp_path: Path, scene: Pixels, suffix: str
) -> None:
    options = {"lossless": True} if suffix == "webp" else {}
    path = save(tmp_path / f"a.{suffix}", scene, **options)
    photo = read(path)
    np.testing.assert_array_equal(photo.pixels, scene)
    assert photo.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert photo.flags == ()
    assert not photo.pixels.flags.writeable


@pytest.mark.parametrize("is_progressive", [False, True])
def test_a_jpeg_is_read_within_its_loss(
    tmp_path: Path, scene: Pixels, is_progressive: bool
) -> None:
    path = save(tmp_path / "a.jpg", scene, quality=95, progressive=is_progressive)
    # Quality 95 with halved colour keeps a smooth picture within a few levels.
    assert np.abs(read(path).pixels.astype(int) - scene).mean() < 2


def test_the_content_decides_and_not_the_name(tmp_path: Path, scene: Pixels) -> None:
    path = save(tmp_path / "a.png", scene)
    assert read(path.rename(tmp_path / "a.jpg")).source_format == "PNG"


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA"])
def test_grey_palette_and_bilevel_pictures_become_rgb(
    tmp_path: Path, scene: Pixels, mode: str
) -> None:
    image = Image.fromarray(scene).convert(mode)
    image.save(tmp_path / "a.png")
    photo = read(tmp_path / "a.png")
    np.testing.assert_array_equal(photo.pixels, np.asarray(image.convert("RGB")))
    assert ("grey_photo" in photo.flags) == (mode != "P")


def sixteen_bit(scene: Pixels) -> NDArray[np.uint16]:
    # 8-bit value v is 257 v in 16 bits; +120 is under half a level: rounding must give v again.
    return (scene.astype(np.uint16) * 257 + np.uint16(120)).clip(0, 65535).astype(np.uint16)


def test_a_16_bit_png_is_rounded_and_keeps_its_channels(tmp_path: Path, scene: Pixels) -> None:
    ok, data = cv2.imencode(".png", sixteen_bit(scene)[..., ::-1])
    assert ok
    (tmp_path / "a.png").write_bytes(data.tobytes())
    np.testing.assert_array_equal(read(tmp_path / "a.png").pixels, scene)


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_16_bit_tiff_is_rounded_and_keeps_its_channels(
    tmp_path: Path, scene: Pixels, planar: str, compression: str | None
) -> None:
    samples = sixteen_bit(scene)
    stored = np.moveaxis(samples, -1, 0) if planar == "separate" else samples
    tifffile.imwrite(
        tmp_path / "a.tif", stored, photometric="rgb", planarconfig=planar, compression=compression
    )
    np.testing.assert_array_equal(read(tmp_path / "a.tif").pixels, scene)


def test_a_16_bit_tiff_with_lzw_is_read(tmp_path: Path, scene: Pixels) -> None:
    path = tmp_path / "a.tif"
    cv2.imwrite(str(path), sixteen_bit(scene)[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 5])
    with tifffile.TiffFile(path) as tiff:
        assert tiff.pages.first.compression == 5
    np.testing.assert_array_equal(read(path).pixels, scene)


def test_an_8_bit_planar_tiff_is_read(tmp_path: Path, scene: Pixels) -> None:
    stored = np.moveaxis(scene, -1, 0)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read(tmp_path / "a.tif").pixels, scene)


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_a_16_bit_grey_tiff_is_shown_the_right_way_round(
    tmp_path: Path, scene: Pixels, photometric: str
) -> None:
    grey = scene[..., 0]
    tifffile.imwrite(tmp_path / "a.tif", sixteen_bit(grey), photometric=photometric)
    expected = 255 - grey.astype(int) if photometric == "miniswhite" else grey
    difference = read(tmp_path / "a.tif").pixels.astype(int) - expected[..., None]
    assert np.abs(difference).max() <= 1  # 65535 − (257 v + 120) may round to either side


def test_stated_12_bit_samples_fill_the_range(tmp_path: Path, scene: Pixels) -> None:
    samples = np.rint(scene.astype(float) / 255 * 4095).astype(np.uint16)
    tags = [(281, "H", 3, (4095, 4095, 4095), True)]
    tifffile.imwrite(tmp_path / "a.tif", samples, photometric="rgb", extratags=tags)
    np.testing.assert_array_equal(read(tmp_path / "a.tif").pixels, scene)


def test_only_the_first_page_is_read_and_flagged(tmp_path: Path, scene: Pixels) -> None:
    pages = [Image.fromarray(scene), Image.fromarray(255 - scene)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    photo = read(tmp_path / "a.tif")
    np.testing.assert_array_equal(photo.pixels, scene)
    assert photo.flags == ("first_page_only",)


@pytest.mark.parametrize("is_16_bit", [False, True])
def test_transparent_parts_become_white_and_are_flagged(
    tmp_path: Path, scene: Pixels, is_16_bit: bool
) -> None:
    alpha = np.full(scene.shape[:2], 255, np.uint8)
    alpha[:10] = 0
    pixels = np.dstack([scene, alpha])
    if is_16_bit:
        stored = pixels.astype(np.uint16) * 257
        tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", extrasamples=["unassalpha"])
    else:
        save(tmp_path / "a.tif", pixels)
    photo = read(tmp_path / "a.tif")
    assert (photo.pixels[:10] == 255).all()
    np.testing.assert_array_equal(photo.pixels[10:], scene[10:])
    assert photo.flags == ("transparent",)


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_cmyk_without_profile_is_read_but_its_colour_is_uncertain(
    tmp_path: Path, scene: Pixels, suffix: str
) -> None:
    Image.fromarray(scene).convert("CMYK").save(tmp_path / f"a.{suffix}")
    photo = read(tmp_path / f"a.{suffix}")
    # Pillow's own RGB → CMYK → RGB is exact but for JPEG's loss; an inverted one is off by 100.
    assert np.abs(photo.pixels.astype(int) - scene).mean() < 4
    assert photo.flags == ("colour_uncertain",)


# --- Orientation and colour ----------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_every_orientation_is_turned_upright(
    tmp_path: Path, scene: Pixels, orientation: int, suffix: str
) -> None:
    turns: dict[int, Callable[[Pixels], Pixels]] = {
        1: lambda p: p,
        2: np.fliplr,
        3: lambda p: np.rot90(p, 2),
        4: np.flipud,
        5: lambda p: p.transpose(1, 0, 2),
        6: lambda p: np.rot90(p, 1),  # stored so that a quarter turn clockwise rights it
        7: lambda p: np.rot90(p, 2).transpose(1, 0, 2),
        8: lambda p: np.rot90(p, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if suffix == "webp" else {"quality": 95}
    stored = np.ascontiguousarray(turns[orientation](scene))
    path = save(tmp_path / f"a.{suffix}", stored, exif=exif, **options)
    photo = read(path)
    assert photo.pixels.shape == scene.shape
    assert np.abs(photo.pixels.astype(int) - scene).mean() < 2  # JPEG's loss


def test_a_16_bit_tiff_is_turned_upright(tmp_path: Path, scene: Pixels) -> None:
    stored = np.ascontiguousarray(np.rot90(sixteen_bit(scene), 1))
    tags = [(274, "H", 1, 6, True)]
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", extratags=tags)
    np.testing.assert_array_equal(read(tmp_path / "a.tif").pixels, scene)


def make_rgb_profile(primaries: NDArray[np.float64], gamma: float) -> bytes:
    """Return a minimal ICC v2 profile; rows of `primaries` are XYZ (D50) of R, G, B."""

    def xyz(values: NDArray[np.float64]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    name = b"Wide test"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name + b"\0" * 80
    white = np.array([0.9642, 1.0, 0.8249])
    tags = [(b"desc", description + b"\0" * (-len(description) % 4)), (b"wtpt", xyz(white))]
    tags += [(n, xyz(v)) for n, v in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)]
    tags += [(n, curve) for n in (b"rTRC", b"gTRC", b"bTRC")]
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name_, data in tags:
        table += name_ + struct.pack(">II", offset + len(body), len(data))
        body += data
    header = struct.pack(">I4sI4s4s4s", offset + len(body), b"lcms", 0x02100000, b"mntr", b"RGB ",
                         b"XYZ ")  # fmt: skip
    header += b"\0" * 12 + b"acsp" + b"\0" * 28
    header += b"".join(struct.pack(">i", round(v * 65536)) for v in white)
    return header.ljust(128, b"\0") + table + body


#: Adobe RGB (1998), primaries adapted to D50.
ADOBE = np.array(
    [[0.60974, 0.31111, 0.01947], [0.20528, 0.62567, 0.06087], [0.14919, 0.06322, 0.74457]]
)


def skin_in_adobe_rgb() -> tuple[Pixels, Pixels]:
    """Return one skin tone in Adobe RGB and in sRGB (worked out by hand from both standards)."""
    srgb = np.array([200, 150, 130]) / 255
    linear = ((srgb + 0.055) / 1.055) ** 2.4
    to_adobe = np.linalg.inv(
        np.array([[1.39836, -0.39836, 0.0], [0.0, 1.0, 0.0], [0.0, -0.04293, 1.04293]])
    )
    adobe = np.rint(255 * (to_adobe @ linear) ** (256 / 563))
    full = np.ones((70, 90, 1))
    return (full * adobe).astype(np.uint8), (full * [200, 150, 130]).astype(np.uint8)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_a_wide_profile_is_converted_to_srgb(tmp_path: Path, suffix: str) -> None:
    stored, expected = skin_in_adobe_rgb()
    options = {"lossless": True} if suffix == "webp" else {"quality": 95}
    icc = make_rgb_profile(ADOBE, 563 / 256)
    path = save(tmp_path / f"a.{suffix}", stored, icc_profile=icc, **options)
    photo = read(path)
    assert np.abs(photo.pixels.astype(int) - expected).max() <= 2  # two roundings and JPEG
    assert np.abs(stored.astype(int) - expected).max() > 8
    assert photo.flags == ()


def test_a_camera_mark_of_adobe_rgb_is_honoured(tmp_path: Path) -> None:
    stored, expected = skin_in_adobe_rgb()
    exif = Image.Exif()
    exif[0x0112] = 1
    exif.get_ifd(0x8769)[0xA001] = 65535
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    path = save(tmp_path / "a.jpg", stored, exif=exif, quality=95)
    assert np.abs(read(path).pixels.astype(int) - expected).max() <= 2


def test_an_srgb_profile_changes_no_digit(tmp_path: Path, scene: Pixels) -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = save(tmp_path / "a.png", scene, icc_profile=icc)
    np.testing.assert_array_equal(read(path).pixels, scene)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_a_broken_profile_is_ignored_and_flagged(
    tmp_path: Path, scene: Pixels, suffix: str
) -> None:
    path = save(tmp_path / f"a.{suffix}", scene, icc_profile=b"no profile at all", quality=95)
    photo = read(path)
    assert np.abs(photo.pixels.astype(int) - scene).mean() < 2
    assert photo.flags == ("colour_uncertain",)


# --- Bad files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["jpg", "progressive.jpg", "png", "tif", "lzw.tif", "bmp",
                                    "webp"])  # fmt: skip
@pytest.mark.parametrize("share", [0.2, 0.6, 0.9, 0.995])
def test_a_truncated_photo_is_never_half_decoded(tmp_path: Path, suffix: str, share: float) -> None:
    noise = np.random.default_rng(7).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    options: dict[str, object] = {"progressive": suffix.startswith("prog")}
    if suffix == "lzw.tif":
        options = {"compression": "tiff_lzw"}
    path = save(tmp_path / f"a.{suffix}", noise, **options)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(TruncatedPhotoError) as raised:
        read(path)
    assert raised.value.message
    assert raised.value.remedy


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_photo_whose_end_is_zeros_is_truncated(
    tmp_path: Path, scene: Pixels, suffix: str
) -> None:
    path = save(tmp_path / f"a.{suffix}", scene)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2].ljust(len(content), b"\0"))
    with pytest.raises(TruncatedPhotoError):
        read(path)


def test_a_changed_byte_in_a_png_is_noticed(tmp_path: Path, scene: Pixels) -> None:
    path = save(tmp_path / "a.png", scene)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(TruncatedPhotoError, match="checksum"):
        read(path)


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def test_a_decompression_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    content = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", data)
    (tmp_path / "a.png").write_bytes(content + png_chunk(b"IEND", b""))
    with pytest.raises(PhotoTooLargeError, match="60000 × 60000"):
        read(tmp_path / "a.png")


@pytest.mark.parametrize(
    "first",
    [
        (b"tEXt", struct.pack(">II", 500, 500) + b"\0x"),
        (b"IHDR", struct.pack(">IIBBBBB", 500, 500, 8, 2, 0, 0, 0)),
    ],
)
def test_no_chunk_before_a_png_header_hides_its_size(
    tmp_path: Path, first: tuple[bytes, bytes]
) -> None:
    content = save(tmp_path / "a.png", np.zeros((1100, 1000, 3), np.uint8)).read_bytes()
    (tmp_path / "a.png").write_bytes(content[:8] + png_chunk(*first) + content[8:])
    with pytest.raises(NotAPhotoError, match="header must come first"):
        read(tmp_path / "a.png", max_megapixels=1)


def test_a_tiff_bomb_is_refused_by_its_tags(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (100, 100)).save(buffer, "TIFF")
    content = bytearray(buffer.getvalue())
    ifd = struct.unpack_from("<I", content, 4)[0]
    for entry in range(ifd + 2, ifd + 2 + 12 * 2, 12):
        assert struct.unpack_from("<H", content, entry)[0] in {256, 257}
        struct.pack_into("<HII", content, entry + 2, 4, 1, 4_000_000)
    (tmp_path / "a.tif").write_bytes(bytes(content))
    with pytest.raises(PhotoTooLargeError):
        read(tmp_path / "a.tif")


def test_tiff_tags_of_absurd_length_do_no_harm(tmp_path: Path, scene: Pixels) -> None:
    buffer = io.BytesIO()
    Image.fromarray(scene).save(buffer, "TIFF", description="x" * 40)
    content = bytearray(buffer.getvalue())
    ifd = struct.unpack_from("<I", content, 4)[0]
    count = struct.unpack_from("<H", content, ifd)[0]
    for entry in range(ifd + 2, ifd + 2 + 12 * count, 12):
        if struct.unpack_from("<H", content, entry)[0] == 270:
            struct.pack_into("<I", content, entry + 4, 0xFFFFFFF0)
    (tmp_path / "a.tif").write_bytes(bytes(content))
    with contextlib.suppress(PhotoError):  # refusing it is as good
        np.testing.assert_array_equal(read(tmp_path / "a.tif").pixels, scene)


def test_png_text_that_unpacks_to_gigabytes_is_never_unpacked(
    tmp_path: Path, scene: Pixels
) -> None:
    content = save(tmp_path / "a.png", scene).read_bytes()
    bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * 80_000_000, 9))
    (tmp_path / "a.png").write_bytes(content[:33] + bomb + content[33:])
    np.testing.assert_array_equal(read(tmp_path / "a.png").pixels, scene)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", EmptyFileError),
        (b"This is a letter, not a photo.\n" * 20, NotAPhotoError),
        (b"\0" * 5000, NotAPhotoError),
        (b"\xff\xd8\xff\xe0", TruncatedPhotoError),
        (b"\x89PNG\r\n\x1a\n", TruncatedPhotoError),
        (b"II*\0\x08\0\0\0", TruncatedPhotoError),
        (b"GIF89a" + b"\0" * 100, UnsupportedPhotoError),
        (b"%PDF-1.7" + b"\0" * 100, UnsupportedPhotoError),
        (b"\0\0\0\x20ftypcrx " + b"\0" * 100, UnsupportedPhotoError),
        (b"RIFF\0\0\0\0WEBPVP8 ", TruncatedPhotoError),
        (b"BM\0\0\0\0\0\0\0\0", PhotoError),
    ],
)
def test_what_is_no_photo_gets_its_own_error(
    tmp_path: Path, content: bytes, kind: type[PhotoError]
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(kind):
        read(path)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "bmp", "webp"])
def test_random_damage_ends_in_a_photo_or_a_photo_error(
    tmp_path: Path, scene: Pixels, suffix: str
) -> None:
    content = save(tmp_path / f"a.{suffix}", scene).read_bytes()
    rng = np.random.default_rng(11)
    for _ in range(150):
        damaged = bytearray(content)
        for at in rng.integers(2, min(len(content), 600), 6):
            damaged[at] = int(rng.integers(256))
        (tmp_path / "d").write_bytes(bytes(damaged))
        try:
            assert read(tmp_path / "d").pixels.dtype == np.uint8
        except PhotoError as err:
            assert err.message


def test_size_limits_are_settings(tmp_path: Path) -> None:
    big = save(tmp_path / "big.png", np.zeros((1100, 1000, 3), np.uint8))
    with pytest.raises(PhotoTooLargeError, match=r"1\.1 MP"):
        read(big, max_megapixels=1)
    small = save(tmp_path / "small.png", np.zeros((8, 300, 3), np.uint8))
    with pytest.raises(PhotoTooSmallError, match="300 × 8"):
        read(small)
    (tmp_path / "long.jpg").write_bytes(b"\xff\xd8\xff" + b"\0" * 1_100_000)
    with pytest.raises(PhotoTooLargeError, match="MB"):
        read(tmp_path / "long.jpg", max_file_megabytes=1)


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "gone.jpg")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    (tmp_path / "folder.jpg").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        # A socket's path is limited to 108 bytes; the temporary folder's may be longer.
        descriptor = os.open(tmp_path, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{descriptor}/socket.jpg")
        names = ["pipe.jpg", "dangling.jpg", "loop.jpg", "folder.jpg", "socket.jpg", "gone.jpg"]
        for name in names:
            with pytest.raises(UnreadableFileError):
                read(tmp_path / name)
        os.close(descriptor)
    with pytest.raises(UnreadableFileError, match="device"):
        read(Path("/dev/zero"))


def test_a_file_without_rights_is_refused(
    tmp_path: Path, scene: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "a.png", scene)

    def refuse(*_: object) -> int:  # the tests may run as root, who may read everything
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UnreadableFileError, match="Permission denied"):
        read(path)


# --- Finding -------------------------------------------------------------------------------------


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff\xd8\xff")
    return path


def ids(*paths: Path) -> list[str]:
    return [photo.photo_id for photo in find_photos(paths)]


def test_ids_are_relative_to_the_deepest_common_folder(tmp_path: Path) -> None:
    one = touch(tmp_path / "in" / "a" / "1.jpg")
    two = touch(tmp_path / "in" / "b" / "1.jpg")
    assert ids(tmp_path / "in") == ["a/1.jpg", "b/1.jpg"]
    assert ids(tmp_path / "in" / "b", tmp_path / "in" / "a") == ["a/1.jpg", "b/1.jpg"]
    assert ids(one, two) == ["a/1.jpg", "b/1.jpg"]
    assert ids(one) == ["1.jpg"]
    assert ids(tmp_path / "in" / "a") == ["1.jpg"]


def test_a_photo_named_twice_is_found_once(tmp_path: Path) -> None:
    one = touch(tmp_path / "in" / "a" / "1.jpg")
    assert ids(tmp_path / "in", tmp_path / "in" / "a", one) == ["a/1.jpg"]


def test_rubbish_hidden_files_and_other_kinds_are_passed_over(tmp_path: Path) -> None:
    for name in ["1.JPG", ".hidden.jpg", "__MACOSX/2.jpg", "Thumbs.db", "._1.jpg", ".git/3.png",
                 "@eaDir/4.jpg", "notes.txt", "hairs.csv"]:  # fmt: skip
        touch(tmp_path / name)
    assert ids(tmp_path) == ["1.JPG"]


def test_a_photo_without_suffix_is_found_by_its_content(tmp_path: Path) -> None:
    touch(tmp_path / "IM0001")
    (tmp_path / "IM0002").write_bytes(b"\0" * 128 + b"DICM")
    (tmp_path / "LICENSE").write_text("text")
    assert ids(tmp_path) == ["IM0001", "IM0002"]


def test_outputs_inside_the_input_are_no_photos(tmp_path: Path) -> None:
    touch(tmp_path / "1.jpg")
    touch(tmp_path / "out" / "overlays" / "1.jpg.jpg")
    touch(tmp_path / "out" / "dermetry.sqlite")
    assert ids(tmp_path) == ["1.jpg"]
    with pytest.raises(UsageError, match="output folder"):
        find_photos([tmp_path / "out"])


def test_links_are_followed_once_and_loops_never(tmp_path: Path) -> None:
    touch(tmp_path / "in" / "real" / "1.jpg")
    touch(tmp_path / "elsewhere" / "2.jpg")
    (tmp_path / "in" / "a_loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "a_twin").symlink_to(tmp_path / "in" / "real")
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "elsewhere")
    assert ids(tmp_path / "in") == ["linked/2.jpg", "real/1.jpg"]


def test_dangling_links_and_pipes_are_found_and_fail_when_read(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nothing.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert ids(tmp_path) == ["gone.jpg", "pipe.jpg"]
    assert ids(tmp_path / "gone.jpg") == ["gone.jpg"]


def test_a_folder_that_cannot_be_searched_is_a_failure_and_not_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "1.jpg")
    closed = tmp_path / "closed"
    touch(closed / "2.jpg")
    scandir = os.scandir

    def refuse(path: str | Path) -> object:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = find_photos([tmp_path])
    assert [photo.photo_id for photo in found] == ["1.jpg", "closed"]
    with pytest.raises(UnreadableFileError, match="cannot be searched"):
        read(found[1].path)


def test_ids_equal_but_for_case_are_an_error(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg")
    touch(tmp_path / "A.jpg")
    with pytest.raises(UsageError, match="case"):
        find_photos([tmp_path])


@pytest.mark.parametrize("name", ["ein Bild.jpg", "Müller.jpg", "🙂.jpg", "100%.jpg"])
def test_any_name_is_read_and_its_id_is_nfc(tmp_path: Path, scene: Pixels, name: str) -> None:
    save(tmp_path / unicodedata.normalize("NFD", name), scene)
    (found,) = find_photos([tmp_path])
    assert found.photo_id == unicodedata.normalize("NFC", name)
    assert read(found.path).width_px == 90


def test_a_name_that_is_no_utf_8_is_read_and_its_id_can_be_stored(
    tmp_path: Path, scene: Pixels
) -> None:
    source = save(tmp_path / "a.png", scene)
    source.rename(os.fsdecode(os.fsencode(tmp_path) + b"/b\xfcld\n.png"))
    (found,) = find_photos([tmp_path])
    assert found.photo_id == "b%FCld%0A.png"
    assert read(found.path).width_px == 90


def test_nothing_found_and_paths_that_do_not_exist_stop_the_run(tmp_path: Path) -> None:
    with pytest.raises(NoPhotosError):
        find_photos([tmp_path])
    with pytest.raises(NoPhotosError):
        find_photos([])
    with pytest.raises(UsageError, match="does not exist"):
        find_photos([tmp_path / "gone"])
