"""Image files, in a folder or in a zip, and how one becomes a small array.

Pillow decodes them, of every usual format. torchvision's decoder would need torch in memory, in as
many processes as there are cores.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Shape = tuple[int, int, int]
"""Channels, height, width."""

EXTENSIONS = frozenset(
    ".bmp .gif .jpeg .jpg .pbm .pgm .png .pnm .ppm .tif .tiff .webp".split()  # noqa: SIM905
)
"""Of files that are taken for images, in small letters."""

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_UNDECODABLE = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError,
    struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow's readers raise on files that are not whole."""

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to turn an image upright, by the orientation that a camera wrote in it."""


class BrokenImage(ValueError):
    """A file is not an image that can be decoded; the message says why, not which."""


class Picture(Protocol):
    """The file of an image: its name for messages, and its bytes. Processes are handed many."""

    @property
    def name(self) -> str:
        """Return what a user knows it by."""

    def read(self) -> bytes:
        """Return its bytes.

        Raises:
            BrokenImage: they are not those that were packed.
            OSError: the file cannot be read.
        """

    def identity(self) -> list[str | int]:
        """Return what would be another if it were another image, without reading it."""


@dataclass(frozen=True, slots=True)
class FilePicture:
    """An image in a file of its own.

    Attributes:
        name: its path.
    """

    name: str

    def read(self) -> bytes:
        """See `Picture`."""
        return Path(self.name).read_bytes()

    def identity(self) -> list[str | int]:
        """See `Picture`."""
        facts = Path(self.name).stat()
        return [self.name, facts.st_size, facts.st_mtime_ns]


@dataclass(frozen=True, slots=True)
class ZippedPicture:
    """An image inside a zip, which is read from its place there: no process reads the directory.

    Attributes:
        name: its name in the zip.
        archive: path of the zip.
        offset: of its local header, in bytes.
        stored_size: in the zip, in bytes.
        is_deflated: False where it is stored as it is.
        crc: CRC-32 of its bytes.
    """

    name: str
    archive: str
    offset: int
    stored_size: int
    is_deflated: bool
    crc: int

    def identity(self) -> list[str | int]:
        """See `Picture`."""
        return [self.name, self.stored_size, self.crc]

    def read(self) -> bytes:
        """See `Picture`."""
        with Path(self.archive).open("rb") as file:
            file.seek(self.offset)
            header = file.read(_LOCAL_HEADER.size)
            if len(header) < _LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
                raise BrokenImage("the zip does not have it where its directory says")
            _, name_size, extra_size = _LOCAL_HEADER.unpack(header)
            file.seek(name_size + extra_size, io.SEEK_CUR)
            content = file.read(self.stored_size)
        if self.is_deflated:
            try:
                content = zlib.decompress(content, -zlib.MAX_WBITS)
            except zlib.error as error:
                raise BrokenImage(f"its bytes in the zip are damaged ({error})") from error
        if zlib.crc32(content) != self.crc:
            raise BrokenImage("its bytes in the zip are damaged (CRC-32)")
        return content


def zipped_pictures(archive: zipfile.ZipFile, path: Path) -> list[ZippedPicture]:
    """Return the images in an open zip, in its order.

    Args:
        archive: the zip.
        path: where it lies.

    Raises:
        BrokenImage: one is encrypted or packed in a way that is not read here.
    """
    found = []
    for entry in archive.infolist():
        if entry.is_dir() or not is_picture(entry.filename):
            continue
        is_plain = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if entry.flag_bits & 1 or not is_plain:
            raise BrokenImage(f"{entry.filename} must be stored or deflated, and not encrypted")
        found.append(
            ZippedPicture(
                name=entry.filename,
                archive=str(path),
                offset=entry.header_offset,
                stored_size=entry.compress_size,
                is_deflated=entry.compress_type == zipfile.ZIP_DEFLATED,
                crc=entry.CRC,
            )
        )
    return found


def pictures_sha256(pictures: Sequence[Picture]) -> str:
    """Return the SHA-256 (hex) of what images are identified by, in their order."""
    digest = hashlib.sha256()
    for picture in pictures:
        digest.update(repr(picture.identity()).encode())
    return digest.hexdigest()


def is_picture(name: str) -> bool:
    """Tell by its name whether a file is taken for an image; hidden files never are."""
    base = name.rpartition("/")[2]
    dot = base.rfind(".")
    hidden = base.startswith(".") or "__MACOSX" in name
    return dot > 0 and base[dot:].lower() in EXTENSIONS and not hidden


def size_and_mode(picture: Picture) -> tuple[int, int, str]:
    """Return width, height and Pillow's mode of an image, by its header alone.

    Raises:
        BrokenImage: it has no header of an image.
    """
    try:
        with Image.open(io.BytesIO(picture.read())) as image:
            return (*image.size, image.mode)
    except _UNDECODABLE as error:
        raise BrokenImage(_reason(error)) from error


def decode(content: bytes, shape: Shape) -> NDArray[np.uint8]:
    """Return an image as an array: its central square, resized, upright.

    JPEGs are decoded at a fraction of their size where at least twice the pixels wanted are left.

    Args:
        content: bytes of a file.
        shape: 1 or 3 channels (grey or red, green, blue), and twice the same side.

    Returns:
        `shape` uint8.

    Raises:
        BrokenImage: the file is no image, is cut short, or has pixels of more than 8 bits.
    """
    n_channels, side, _ = shape
    mode = "RGB" if n_channels == 3 else "L"
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.mode.startswith(("I", "F")):
                raise BrokenImage(f"it has pixels of mode {image.mode}; only 8 bits are read")
            image.draft(mode, (2 * side, 2 * side))
            image.load()
            turn = _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1)) if image.info else None
            square = _square(image.convert(mode), side)
        if turn is not None:
            square = square.transpose(turn)
        pixels = np.asarray(square)
    except BrokenImage:
        raise
    except _UNDECODABLE as error:
        raise BrokenImage(_reason(error)) from error
    return pixels[None] if n_channels == 1 else pixels.transpose(2, 0, 1)


def _square(image: Image.Image, side: int) -> Image.Image:
    """Return the central square of an image, resized with the pixels in between averaged."""
    width, height = image.size
    short = min(width, height)
    if (width, height) == (side, side):
        return image
    left, top = (width - short) // 2, (height - short) // 2
    box = (left, top, left + short, top + short)
    return image.resize((side, side), Image.Resampling.BILINEAR, box=box)


def _reason(error: BaseException) -> str:
    """Return one line of what a reader said, without addresses that differ from run to run."""
    said = str(error).partition("\n")[0].partition("<_io")[0].strip()
    return said or type(error).__name__
