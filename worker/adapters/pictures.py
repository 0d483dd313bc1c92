"""Pictures with Pillow and pillow-heif; the only file that imports them.

What is decoded is a small copy: JPEG at an eighth of its size, HEIC from its thumbnail
where it has one. What cannot be decoded in little memory is measured by its header.
"""

import io
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pillow_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from worker.adapters import picture_looks
from worker.adapters.picture_looks import Sight
from worker.adapters.reading.texts import one_line
from worker.domain.mail import Looks, Picture, Trouble

MAX_PIXELS = 250_000_000
"""Phones of today take 200 megapixels; a bomb has a thousand. Our choice."""
MAX_DECODED_PIXELS = 40_000_000
"""Decoded whole, as all but a plain JPEG must be. Source: reliability.md 4.3."""
MAX_COPIED_PIXELS = 60_000_000
"""Shown to staff, one at a time: a phone takes 50 megapixels. Our choice."""
COPY_QUALITY = 85
SMALL_SIDE, LEAST_SIDE = 400, 300
"""Longer side of the copy that is looked at, in pixels: every picture is cut down to
the first, and a JPEG is decoded no smaller than the second. Print stays print.
Source: measured 2026-11-23 on 771 drawn pictures of eight sizes: all were told rightly,
and of two sizes of one photograph, one pair in twelve has hashes over `NEAR` apart."""

LOOK_COST = 400_000
"""To look at any small copy: 10 ms, in pixels. Source: measured on set 1."""
JPEG_CHEAPER = 3
_DEARER = {"WEBP": 2, "HEIF": 6, "AVIF": 6}
"""Source: measured 2026-11-21 on 12 megapixels of noise, the worst case, in ns a pixel:
JPEG at an eighth of its size 9 (progressive 33), PNG 27, WebP 58, HEIC without a
thumbnail 87 to 150. Photographs take a quarter of that."""

MIN_EDGES = 12
"""With fewer of 128, the hashes of any two flat pictures agree. Our choice."""

_EXIF_IFD = 0x8769
_CAMERA_TAGS = (0x010F, 0x0110)  # Make, Model
_TAKEN_TAGS = ((0x9003, 0x9011), (0x9004, 0x9012))
"""DateTimeOriginal and DateTimeDigitized, each with its offset. Source: EXIF 2.31."""
_OFFSET = re.compile(r"[+-]\d{2}:\d{2}")
_SCREEN = re.compile(
    r"screen ?-?(?:shot|capture|grab)|snipping|spectacle", re.IGNORECASE
)
_COMMENT_TAGS, _SOFTWARE_TAG = (0x9286, 0x010E), 0x0131
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "HEIF")
_PLUGINS = (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
"""Named so that Pillow need not load its other forty."""
_ERRORS = (
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    OSError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What Pillow's plugins raise for damaged files."""

_BOMBS = (Image.DecompressionBombWarning, Image.DecompressionBombError)

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
pillow_heif.register_heif_opener(decode_threads=1)


def look(data: bytes, *, budget: int = MAX_PIXELS) -> Picture | Trouble:
    """Return what a picture is, or why it cannot be looked at.

    See `look_within`; this is for one picture by itself.
    """
    return look_within(data, budget)[0]


def look_within(data: bytes, budget: int) -> tuple[Picture | Trouble, int]:
    """Return what a picture is, and what of the budget looking at it took.

    Where decoding would take more than is left, or too much memory, only the size and
    the camera's date are read, and `looks_like` is a guess by size.

    Args:
        data: the file.
        budget: time left for pictures, in pixels of a PNG (27 ns each at worst).
    """
    try:
        with _opened(data) as image:
            return _look(image, len(data), budget)
    except _BOMBS:
        return Trouble.TOO_LARGE, 0
    except _ERRORS:
        return Trouble.UNREADABLE, 0


def decoded(data: bytes, *, narrow: int) -> Image.Image | None:
    """Return the picture upright in RGB, to be read; None where it cannot be had.

    Args:
        data: the file.
        narrow: a shorter side of more pixels is brought down to this.
    """
    try:
        with _opened(data) as image:
            image.draft("RGB", (narrow, narrow))
            if image.width * image.height > MAX_DECODED_PIXELS:
                return None
            upright = ImageOps.exif_transpose(_on_white(image))
            scale = min(1.0, narrow / min(upright.size))
            size = (round(upright.width * scale), round(upright.height * scale))
            return upright.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    except _BOMBS:
        return None
    except _ERRORS:
        return None


def copied(data: bytes, *, side: int) -> bytes | None:
    """Return a JPEG of our own of a picture, upright; None where it cannot be had.

    Nothing of the file but its pixels is kept.

    Args:
        data: the file.
        side: longer side of the copy in pixels, at most.
    """
    try:
        with _opened(data) as image:
            image.draft("RGB", (side, side))
            if image.width * image.height > MAX_COPIED_PIXELS:
                return None
            image.thumbnail((side * 2, side * 2), Image.Resampling.BOX)
            upright = ImageOps.exif_transpose(_on_white(image))
            upright.thumbnail((side, side), Image.Resampling.LANCZOS)
            made = io.BytesIO()
            Image.frombytes("RGB", upright.size, upright.tobytes()).save(
                made, "JPEG", quality=COPY_QUALITY
            )
            return made.getvalue()
    except _BOMBS:
        return None
    except _ERRORS:
        return None


def pieces(
    image: Image.Image, *, ratio: float, overlap: float
) -> Iterator[Image.Image]:
    """Yield a tall picture from the top down in pieces, each at most `ratio` high.

    Pieces share `overlap` of their height, so that a line is whole in one of them.
    """
    height = round(image.width * ratio)
    top = 0
    while top == 0 or top + round(height * overlap) < image.height:
        yield image.crop((0, top, image.width, min(image.height, top + height)))
        top += round(height * (1 - overlap))


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            yield image


def _look(
    image: Image.Image, size_bytes: int, budget: int
) -> tuple[Picture | Trouble, int]:
    width, height = image.size
    if width * height > MAX_PIXELS:
        return Trouble.TOO_LARGE, 0
    is_heavy = width * height > MAX_DECODED_PIXELS and not _is_plain_jpeg(image)
    cost = _cost(image)
    if cost > budget or is_heavy:
        # Asking a PNG for its date would decode it.
        taken_at = None if image.format == "PNG" else _fields(image).taken_at
        is_logo = min(width, height) < picture_looks.LOGO_SIDE
        guess = Looks.GRAPHIC if is_logo else Looks.PHOTOGRAPH
        return Picture(width, height, guess, taken_at), 0
    small, see_through = _small_copy(image)
    fields = _fields(image)
    sight = Sight(
        size=(width, height),
        size_bytes=size_bytes,
        see_through=see_through,
        from_camera=fields.from_camera,
        from_screen=fields.from_screen,
    )
    kind = picture_looks.looks_like(small, sight)
    return Picture(width, height, kind, fields.taken_at, _dhash(small)), cost


def _is_plain_jpeg(image: Image.Image) -> bool:
    """Whether it is decoded line by line; a progressive one needs all in memory."""
    is_jpeg = image.format in {"JPEG", "MPO"}
    return is_jpeg and not image.info.get("progressive")


def _cost(image: Image.Image) -> int:
    """Return what decoding takes, once the image was asked for a smaller copy."""
    whole = image.width * image.height
    image.draft("RGB", _fitting(image.size, LEAST_SIDE))
    if image.format in {"JPEG", "MPO"}:
        cheaper = 1 if image.info.get("progressive") else JPEG_CHEAPER
        return LOOK_COST + whole // cheaper
    return LOOK_COST + image.width * image.height * _DEARER.get(image.format or "", 1)


def _small_copy(image: Image.Image) -> tuple[Image.Image, float]:
    """Return a small RGB copy on white, and the share of transparent pixels."""
    small = image
    if small.mode not in {"RGB", "RGBA", "L"}:  # thinned out first: it saves memory
        has_alpha = "A" in small.getbands() or "transparency" in small.info
        small = small.resize(
            _fitting(small.size, SMALL_SIDE * 2), Image.Resampling.NEAREST
        )
        small = small.convert("RGBA" if has_alpha else "RGB")
    small = small.resize(_fitting(small.size, SMALL_SIDE), Image.Resampling.BOX)
    if small.mode != "RGBA":
        return small if small.mode == "RGB" else small.convert("RGB"), 0.0
    alpha = small.getchannel("A").histogram()
    see_through = sum(alpha[:16]) / (small.width * small.height)
    return _on_white(small), see_through


def _on_white(image: Image.Image) -> Image.Image:
    """Return an RGB copy, on white where it is transparent."""
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    page = Image.new("RGBA", image.size, "white")
    page.alpha_composite(image.convert("RGBA"))
    return page.convert("RGB")


def _fitting(size: tuple[int, int], side: int) -> tuple[int, int]:
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _dhash(small: Image.Image) -> str | None:
    """Return a 128-bit difference hash in hex; None where the picture is too flat.

    Its first 64 bits say of each cell whether it is brighter than its right
    neighbour, the others whether it is brighter than the one below. Source: the
    "Kind of Like That" dHash, Neal Krawetz 2013, in both directions.
    """
    grey = small.convert("L")
    rows = grey.resize((9, 8), Image.Resampling.BOX).tobytes()
    columns = grey.resize((8, 9), Image.Resampling.BOX).tobytes()
    bits = [rows[y * 9 + x] > rows[y * 9 + x + 1] for y in range(8) for x in range(8)]
    bits += [
        columns[y * 8 + x] > columns[(y + 1) * 8 + x]
        for y in range(8)
        for x in range(8)
    ]
    is_telling = MIN_EDGES <= sum(bits) <= len(bits) - MIN_EDGES
    number = int("".join(str(int(bit)) for bit in bits), 2)
    return f"{number:032x}" if is_telling else None


@dataclass(frozen=True, slots=True)
class _Fields:
    """What the camera or the program wrote into the file."""

    taken_at: str | None = None
    from_camera: bool = False
    from_screen: bool = False


def _fields(image: Image.Image) -> _Fields:
    try:
        exif = image.getexif()
        inner = exif.get_ifd(_EXIF_IFD)
    except _ERRORS:
        return _Fields()
    comments = [inner.get(tag, exif.get(tag)) for tag in _COMMENT_TAGS]
    texts = [*comments, exif.get(_SOFTWARE_TAG), image.info.get("Software")]
    return _Fields(
        taken_at=_taken_at(inner),
        from_camera=any(_text(exif.get(tag)) for tag in _CAMERA_TAGS),
        from_screen=any(_SCREEN.search(_text(text)) for text in texts),
    )


def _taken_at(exif: Mapping[int, object]) -> str | None:
    for tag, offset_tag in _TAKEN_TAGS:
        taken, offset = _text(exif.get(tag)), _text(exif.get(offset_tag))
        if taken:
            return taken + (offset if _OFFSET.fullmatch(offset) else "")
    return None


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return one_line(value, 40) if isinstance(value, str) else ""
