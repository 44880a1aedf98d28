"""What a file is, by its content, and whether all of it is there; no pixel is decoded here.

Decoders are lenient: most give a half-grey picture for a file whose end is missing.  The checks
here walk the container itself and raise before a decoder sees it.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import Literal

from ..errors import NotAPhotoError, TruncatedPhotoError, UnsupportedPhotoError

Format = Literal["JPEG", "PNG", "TIFF", "BMP", "WebP", "HEIC", "DICOM"]

#: Bytes that `recognise` needs: a DICOM file has its name after 128 free bytes.
SNIFF_BYTES = 132

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
#: Pictures that are known and not read, by how the file begins.
_UNSUPPORTED: tuple[tuple[bytes, str], ...] = (
    (b"GIF8", "a GIF picture"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (b"FUJIFILMCCD-RAW", "a camera raw file"),
    (b"8BPS", "a Photoshop document"),
    (b"%PDF", "a PDF document"),
)
#: A marker inside entropy-coded JPEG data: 0xFF, then neither stuffing, fill nor restart.
_JPEG_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
#: PNG chunks that say how the picture looks; text, time stamps and animation frames are dropped,
#: and with them the text chunks that unpack to gigabytes.
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
#: An unpacked profile larger than this is no profile (the largest CMYK ones have 3 MB).
_MAX_PROFILE_BYTES = 16_000_000

_EXIF_ORIENTATION = 0x0112
_EXIF_IFD = 0x8769
_EXIF_INTEROP_IFD = 0xA005
_EXIF_INTEROP_INDEX = 0x0001


@dataclass(frozen=True)
class PngParts:
    """A PNG reduced to what shows: ``content`` without metadata, and the metadata that matters."""

    content: bytes
    bit_depth: int
    icc: bytes | None
    is_profile_broken: bool
    exif: bytes
    is_animated: bool


def recognise(content: bytes) -> Format | None:
    """Return the format by the first `SNIFF_BYTES` bytes, or None when it is no known photo."""
    found: Format | None = None
    if content.startswith(b"\xff\xd8\xff"):
        found = "JPEG"
    elif content.startswith(b"\x89PNG\r\n\x1a\n"):
        found = "PNG"
    elif content[:4] in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}:
        found = "TIFF"
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        found = "WebP"
    elif content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
        found = "HEIC"
    elif content[128:132] == b"DICM":
        found = "DICOM"
    elif content[:2] == b"BM" and content[6:10] == b"\0\0\0\0":
        found = "BMP"
    return found


def require_format(content: bytes) -> Format:
    """Return the format, or raise an error that says what the file is instead.

    Raises
    ------
    UnsupportedPhotoError
        A picture or document of a kind that is not read.
    NotAPhotoError
        Anything else.
    """
    found = recognise(content)
    if found is not None:
        return found
    for start, name in _UNSUPPORTED:
        if content.startswith(start):
            raise UnsupportedPhotoError(f"The file is {name}.")
    if content[4:8] == b"ftyp":
        brand = content[8:12].decode("ascii", "replace")
        raise UnsupportedPhotoError(f"The file is a picture or film of kind {brand!r}.")
    if not content.strip(b"\0"):
        raise NotAPhotoError("The file holds nothing but zero bytes.")
    raise NotAPhotoError("The file's content is not that of a photo, whatever its name says.")


def check_jpeg(content: bytes) -> None:
    """Raise `TruncatedPhotoError` unless the JPEG's segments and scans run to its end marker."""
    position = 2
    while True:
        while content[position : position + 2] == b"\xff\xff":
            position += 1
        marker = content[position : position + 2]
        if len(marker) < 2:
            raise TruncatedPhotoError(
                f"The JPEG breaks off after {len(content)} bytes, before its end marker."
            )
        if marker[0] != 0xFF:
            raise TruncatedPhotoError(f"The JPEG is damaged at byte {position}.")
        if marker[1] == 0xD9:
            return
        if marker[1] == 0x01 or 0xD0 <= marker[1] <= 0xD8:
            position += 2
            continue
        length = int.from_bytes(content[position + 2 : position + 4], "big")
        position += 2 + max(length, 2)
        if marker[1] == 0xDA:
            found = _JPEG_MARKER.search(content, position)
            position = found.start() if found else len(content)


def split_png(content: bytes) -> PngParts:
    """Walk a PNG's chunks, checking lengths and checksums, and keep what shows.

    Raises
    ------
    TruncatedPhotoError
        A chunk runs past the end, has a wrong checksum, or the end chunk is missing.
    NotAPhotoError
        The header is not the first chunk, or not the only header.
    """
    kept = [content[:8]]
    bit_depth, icc, exif = 8, None, b""
    is_profile_broken = is_animated = False
    position = 8
    name = b""
    while name != b"IEND":
        if position + 12 > len(content):
            raise TruncatedPhotoError(f"The PNG breaks off after {len(content)} bytes.")
        length = int.from_bytes(content[position : position + 4], "big")
        name = content[position + 4 : position + 8]
        end = position + 12 + length
        if end > len(content):
            raise TruncatedPhotoError(f"The PNG breaks off after {len(content)} bytes.")
        # The limits are held against the first chunk's size, and decoders go by the last header's.
        if (name == b"IHDR") != (position == 8):
            raise NotAPhotoError(
                f"The PNG is damaged: its one header must come first, but {name!r} is at byte "
                f"{position}."
            )
        body = content[position + 8 : end - 4]
        if name in _PNG_KEPT:
            if zlib.crc32(body, zlib.crc32(name)) != int.from_bytes(content[end - 4 : end], "big"):
                raise TruncatedPhotoError(
                    f"The PNG is damaged: wrong checksum at byte {position}.",
                )
            kept.append(content[position:end])
        if name == b"IHDR" and length >= 9:
            bit_depth = body[8]
        elif name == b"iCCP":
            icc = _unpack_profile(body)
            is_profile_broken = icc is None
        elif name == b"eXIf":
            exif = body
        elif name == b"acTL":
            is_animated = True
        position = end
    return PngParts(b"".join(kept), bit_depth, icc, is_profile_broken, exif, is_animated)


def _unpack_profile(body: bytes) -> bytes | None:
    """Return the profile of an iCCP chunk: name, zero, method, then deflated bytes."""
    start = body.find(b"\0") + 2
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(body[start:], _MAX_PROFILE_BYTES)
    except zlib.error:
        return None
    return profile if unpacker.eof else None


def webp_size(content: bytes) -> tuple[int, int]:
    """Return width and height in pixels from a WebP header, after checking the file's length."""
    if len(content) < 30 or int.from_bytes(content[4:8], "little") + 8 > len(content):
        raise TruncatedPhotoError(f"The WebP breaks off after {len(content)} bytes.")
    kind = content[12:16]
    if kind == b"VP8X":
        return (
            1 + int.from_bytes(content[24:27], "little"),
            1 + int.from_bytes(content[27:30], "little"),
        )
    if kind == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + ((bits >> 14) & 0x3FFF)
    width, height = struct.unpack_from("<HH", content, 26)
    return width & 0x3FFF, height & 0x3FFF


def check_bmp(content: bytes) -> None:
    """Raise unless the BMP is uncompressed and holds all its rows."""
    if len(content) < 30:
        raise TruncatedPhotoError(f"The BMP breaks off after {len(content)} bytes.")
    data_at, header_bytes = struct.unpack_from("<II", content, 10)
    if header_bytes == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", content, 18)
    else:
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", content, 18)
        # 0 plain, 3 and 6 plain with bit fields; run lengths and embedded files are not read.
        if compression not in {0, 3, 6}:
            raise UnsupportedPhotoError(f"The BMP is compressed (method {compression}).")
    row_bytes = (width * bits + 31) // 32 * 4
    if data_at + row_bytes * abs(height) > len(content):
        raise TruncatedPhotoError(f"The BMP breaks off after {len(content)} bytes.")


def exif_orientation(exif: bytes) -> int:
    """Return the orientation 1 to 8 that an EXIF block tells; 1 when it tells none."""
    ifd, order = _first_ifd(exif)
    value = ifd.get(_EXIF_ORIENTATION, b"")
    orientation = int.from_bytes(value[:2], order)
    return orientation if 1 <= orientation <= 8 else 1


def is_adobe_rgb(exif: bytes) -> bool:
    """Return whether a camera marked the photo as Adobe RGB by DCF's ``R03``.

    Cameras set to Adobe RGB write this mark and no ICC profile.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    ifd, order = _first_ifd(exif)
    for tag in (_EXIF_IFD, _EXIF_INTEROP_IFD):
        ifd = _read_ifd(tiff, int.from_bytes(ifd.get(tag, b""), order), order)
    return ifd.get(_EXIF_INTEROP_INDEX, b"").startswith(b"R03")


def _first_ifd(exif: bytes) -> tuple[dict[int, bytes], Literal["little", "big"]]:
    tiff = exif.removeprefix(b"Exif\0\0")
    order: Literal["little", "big"] = "big" if tiff[:2] == b"MM" else "little"
    return _read_ifd(tiff, int.from_bytes(tiff[4:8], order), order), order


def _read_ifd(tiff: bytes, offset: int, order: Literal["little", "big"]) -> dict[int, bytes]:
    """Return the four value bytes of each tag; what lies outside the block is left out."""
    if offset < 8 or offset + 2 > len(tiff):
        return {}
    count = int.from_bytes(tiff[offset : offset + 2], order)
    entries = [tiff[p : p + 12] for p in range(offset + 2, offset + 2 + 12 * count, 12)]
    return {int.from_bytes(e[:2], order): e[8:12] for e in entries if len(e) == 12}
