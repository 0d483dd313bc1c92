"""Pictures with Pillow and pillow-heif; the only file that imports them.

What is decoded is a small copy: JPEG at an eighth of its size, HEIC from its thumbnail
where it has one.
"""

import io
import warnings

import pillow_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageChops,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from worker.adapters.reading.texts import one_line
from worker.domain.mail import Picture, Trouble

MAX_PIXELS = 40_000_000
"""Source: reliability.md 4.3."""
SMALL_SIDE = 128
"""Side of the copy that is looked at. Our choice."""

JPEG_CHEAPER = 3
_DEARER = {"WEBP": 2, "HEIF": 6, "AVIF": 6}
"""Source: measured 2026-11-21 on 12 megapixels of noise, the worst case, in ns a pixel:
JPEG at an eighth of its size 9 (progressive 33), PNG 27, WebP 58, HEIC without a
thumbnail 87 to 150. Photographs take a quarter of that."""

LOGO_SIDE = 150
"""A shorter side below this shows no damage. Source: known-failures A6."""
DRAWN_SIDE = 250
"""Below this, few bytes and few colours make a graphic; a page is larger."""
LOGO_BYTES = 10_000
LOGO_COLOURS = 48
BANNER_RATIO = 6
SEE_THROUGH_SHARE = 0.3
"""Share of transparent pixels from which a picture is a graphic. Our choice."""
FLAT_SHARE = 0.45
"""Share of the commonest colour from which a picture is drawn. Our choice."""
PAGE_SHARE = 0.6
"""Share of near-white pixels from which a picture is a page. Our choice."""
TAKEN_PAGE_SHARE = 0.8
"""The same where a camera wrote its date: damage on a white table is no page."""
MIN_EDGES = 6
"""With fewer, the hashes of any two flat pictures agree. Our choice."""
WHITE = 0xB8
GREY_SPREAD = 0x20

_EXIF_IFD = 0x8769
_TAKEN_TAGS = (0x9003, 0x9004)  # DateTimeOriginal, DateTimeDigitized
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

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
pillow_heif.register_heif_opener(decode_threads=1)


def look(data: bytes, *, budget: int = MAX_PIXELS) -> Picture | Trouble:
    """Return what a picture is, or why it cannot be looked at.

    See `look_within`; this is for one picture by itself.
    """
    return look_within(data, budget)[0]


def look_within(data: bytes, budget: int) -> tuple[Picture | Trouble, int]:
    """Return what a picture is, and what of the budget looking at it took.

    Where decoding would take more than is left, only the size and the camera's date
    are read, and `looks_like` is a guess by size.

    Args:
        data: the file.
        budget: time left for pictures, in pixels of a PNG (27 ns each at worst).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                return _look(image, len(data), budget)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return Trouble.TOO_LARGE, 0
    except _ERRORS:
        return Trouble.UNREADABLE, 0


def _look(
    image: Image.Image, size_bytes: int, budget: int
) -> tuple[Picture | Trouble, int]:
    width, height = image.size
    if width * height > MAX_PIXELS:
        return Trouble.TOO_LARGE, 0
    cost = _cost(image)
    if cost > budget:
        # Asking a PNG for its date would decode it.
        taken_at = None if image.format == "PNG" else _taken_at(image)
        is_logo = min(width, height) < LOGO_SIDE
        guess = "graphic" if is_logo else "photograph"
        return Picture(width, height, guess, taken_at), 0
    small, see_through = _small_copy(image)
    taken_at = _taken_at(image)
    kind = _kind(
        small,
        size=(width, height),
        size_bytes=size_bytes,
        see_through=see_through,
        is_taken=taken_at is not None,
    )
    return Picture(width, height, kind, taken_at, _dhash(small)), cost


def _cost(image: Image.Image) -> int:
    """Return what decoding takes, once the image was asked for a smaller copy."""
    whole = image.width * image.height
    image.draft("RGB", (SMALL_SIDE, SMALL_SIDE))
    if image.format in {"JPEG", "MPO"}:
        return whole if image.info.get("progressive") else whole // JPEG_CHEAPER
    return image.width * image.height * _DEARER.get(image.format or "", 1)


def _small_copy(image: Image.Image) -> tuple[Image.Image, float]:
    """Return a small RGB copy on white, and the share of transparent pixels."""
    small = image
    if small.mode not in {"RGB", "RGBA", "L"}:  # thinned out first: it saves memory
        has_alpha = "A" in small.getbands() or "transparency" in small.info
        small = small.resize(
            _fitting(small.size, SMALL_SIDE * 4), Image.Resampling.NEAREST
        )
        small = small.convert("RGBA" if has_alpha else "RGB")
    small = small.resize(_fitting(small.size, SMALL_SIDE), Image.Resampling.BOX)
    if small.mode != "RGBA":
        return small.convert("RGB"), 0.0
    alpha = small.getchannel("A").histogram()
    page = Image.new("RGBA", small.size, "white")
    page.alpha_composite(small)
    return page.convert("RGB"), sum(alpha[:16]) / (small.width * small.height)


def _fitting(size: tuple[int, int], side: int) -> tuple[int, int]:
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _kind(
    small: Image.Image,
    *,
    size: tuple[int, int],
    size_bytes: int,
    see_through: float,
    is_taken: bool,
) -> str:
    """Return `graphic`, `document` or `photograph`.

    In doubt a photograph: staff look at those, and a wrong graphic would be dropped.
    """
    commonest, colours = _colours(small)
    short, long = sorted(size)
    is_light = size_bytes < LOGO_BYTES and colours <= LOGO_COLOURS
    is_drawn = is_light and short < DRAWN_SIDE
    is_banner = long > short * BANNER_RATIO and not is_taken
    if short < LOGO_SIDE or is_drawn or is_banner or see_through > SEE_THROUGH_SHARE:
        return "graphic"
    page_share = TAKEN_PAGE_SHARE if is_taken else PAGE_SHARE
    is_flat = commonest > FLAT_SHARE and not is_taken
    return "document" if is_flat or _whiteness(small) > page_share else "photograph"


def _colours(small: Image.Image) -> tuple[float, int]:
    """Return the share of the commonest colour, and how many there are (16 levels)."""
    coarse = small.point([level & 0xF0 for level in range(256)] * 3)
    counts = coarse.getcolors(maxcolors=small.width * small.height) or []
    return max(n for n, _ in counts) / (small.width * small.height), len(counts)


def _whiteness(small: Image.Image) -> float:
    """Return the share of pixels that are white or light grey: a page in shade."""
    red, green, blue = small.split()
    darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
    lightest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    is_light = darkest.point([255 * (level >= WHITE) for level in range(256)])
    spread = ImageChops.subtract(lightest, darkest)
    is_grey = spread.point([255 * (level <= GREY_SPREAD) for level in range(256)])
    white = ImageChops.darker(is_light, is_grey).histogram()[255]
    return white / (small.width * small.height)


def _dhash(small: Image.Image) -> str | None:
    """Return a 64-bit difference hash in hex; None where the picture is too flat.

    Bit n says whether a cell is brighter than its right neighbour, on 9 by 8 cells.
    """
    cells = small.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    lefts = [row * 9 + column for row in range(8) for column in range(8)]
    bits = "".join(str(int(cells[at] > cells[at + 1])) for at in lefts)
    is_telling = MIN_EDGES <= bits.count("1") <= len(bits) - MIN_EDGES
    return f"{int(bits, 2):016x}" if is_telling else None


def _taken_at(image: Image.Image) -> str | None:
    try:
        exif = image.getexif().get_ifd(_EXIF_IFD)
    except _ERRORS:
        return None
    values = (exif.get(tag) for tag in _TAKEN_TAGS)
    text = next((one_line(v, 40) for v in values if isinstance(v, str)), "")
    return text or None
