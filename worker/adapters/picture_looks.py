"""What a picture shows, told by its pixels and its camera's fields, never by its name.

A screen is flat, a photograph is not; a paper is a pale field with thin dark strokes,
and a photographed one has grain and shade. Works on a small copy with Pillow alone.

The thresholds were chosen on set 1 of `python -m bench pictures` (drawn screens,
papers, photographs and decoration). Its set 2 has other sizes, colours and lights, but
is drawn by the same code: neither says how real photographs fare.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from PIL import Image, ImageChops, ImageFilter

from worker.domain.mail import Looks

LOGO_SIDE = 150
"""A shorter side below this shows no damage. Source: known-failures A6."""
DRAWN_SIDE = 250
"""Below this, few bytes and few colours make a graphic; a page is larger."""
LOGO_BYTES = 10_000
LOGO_COLOURS = 48
BANNER_RATIO = 6
SEE_THROUGH_SHARE = 0.3
"""Share of transparent pixels from which a picture is a graphic. Our choice."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of a picture beside its small copy.

    `from_camera` says that it names a camera, `from_screen` that a program for
    pictures of screens wrote it; `see_through` is the share of transparent pixels.
    """

    size: tuple[int, int]
    size_bytes: int
    see_through: float = 0.0
    from_camera: bool = False
    from_screen: bool = False


class Marks:
    """What is measured of a small RGB copy, each mark when it is first asked for.

    All but `colours` are shares. Most pictures are told by few of them.
    """

    def __init__(self, small: Image.Image) -> None:
        self._small = small

    @cached_property
    def commonest(self) -> float:
        """Pixels of the commonest colour, at 16 levels a channel."""
        return max(_counts(self._lit)) / (self._small.width * self._small.height)

    @cached_property
    def colours(self) -> int:
        """How many such colours there are."""
        return len(_counts(self._small))

    @cached_property
    def flat(self) -> float:
        """Pixels that hardly differ from their neighbours."""
        return _share(_under(_slope(self._lit.convert("L")), FLAT))

    @cached_property
    def light(self) -> float:
        """Pixels of even ground, as light as a page is beside the rest."""
        return _share(self._is_light)

    @cached_property
    def paper(self) -> float:
        """Those of the light ones that are pale."""
        return _share(self._paper)

    @cached_property
    def text(self) -> float:
        """Squares of the picture that have thin strokes on paper."""
        return _share(_written(ImageChops.darker(self._dark, self._paper)))

    @cached_property
    def words(self) -> float:
        """Squares that have thin strokes on any even ground, light on dark too."""
        behind = _narrowed(_widened(self._grey, ImageChops.darker), ImageChops.lighter)
        light = _over(ImageChops.subtract(self._grey, behind), STROKE_DEPTH)
        on_even = ImageChops.lighter(
            ImageChops.darker(self._dark, self._is_even),
            ImageChops.darker(light, _under(_slope(behind), EVEN)),
        )
        return _share(_written(on_even))

    @cached_property
    def _lit(self) -> Image.Image:
        """The picture with its lightest pixel white, where none is light.

        In the dark all levels are near each other, however much there is to see. A
        dark screen has light words on it.
        """
        counts = self._grey.histogram()
        lightest = max(level for level, count in enumerate(counts) if count)
        if lightest >= DARK:
            return self._small
        factor = 255 / max(1, lightest)
        levels = [min(255, round(level * factor)) for level in range(256)]
        return self._small.point(levels * 3)

    @cached_property
    def _grey(self) -> Image.Image:
        return self._small.convert("L")

    @cached_property
    def _ground(self) -> Image.Image:
        """The picture without its thin dark strokes."""
        return _narrowed(_widened(self._grey, ImageChops.lighter), ImageChops.darker)

    @cached_property
    def _dark(self) -> Image.Image:
        return _over(ImageChops.subtract(self._ground, self._grey), STROKE_DEPTH)

    @cached_property
    def _is_even(self) -> Image.Image:
        return _under(_slope(self._ground), EVEN)

    @cached_property
    def _is_light(self) -> Image.Image:
        beside = round(_bright(self._ground) * PAPER_BESIDE)
        is_light = _over(self._ground, max(PAPER_LIGHT, beside))
        return ImageChops.darker(self._is_even, is_light)

    @cached_property
    def _paper(self) -> Image.Image:
        red, green, blue = self._small.split()
        darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
        lightest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
        spread = ImageChops.subtract(lightest, darkest).filter(ImageFilter.BoxBlur(2))
        return ImageChops.darker(self._is_light, _under(spread, PALE))


def looks_like(small: Image.Image, sight: Sight) -> Looks:
    """Return what the picture is.

    In doubt a photograph: staff look at those, and a wrong graphic would be dropped.

    Args:
        small: an RGB copy, 400 pixels on its longer side at most.
        sight: what else is known.
    """
    marks = Marks(small)
    if _is_graphic(marks, sight):
        return Looks.GRAPHIC
    if sight.from_screen:
        return Looks.SCREENSHOT
    if not sight.from_camera and _is_flat(marks):
        is_sheet = marks.paper > SHEET_SHARE and _is_sheet_shaped(sight.size)
        return Looks.SCAN if is_sheet else Looks.SCREENSHOT
    # What is not light is no paper, and costs less to measure.
    is_paper = marks.light > PAPER_SHARE and marks.paper > PAPER_SHARE
    if is_paper and marks.text > TEXT_SHARE:
        return Looks.SCAN
    return Looks.PHOTOGRAPH


# -- private ------------------------------------------------------------------------

STROKE_DEPTH = 40
"""Levels between a stroke and its ground: soft print in shade has 60."""
EVEN = 14
"""Levels by which an even ground may differ from pixel to pixel."""
PALE = 40
"""Levels between a page's channels in warm light; cardboard has 60."""
PAPER_LIGHT, PAPER_BESIDE = 110, 0.62
"""A page's least level, and beside the lightest twentieth of the picture."""
FLAT = 2
DARK = 128
"""A picture without a lighter pixel was taken in the dark. Our choice."""
SQUARES = 20
WRITTEN_SHARE = 0.04
"""Share of strokes from which a square of a twentieth by a twentieth is written."""
FLAT_SHARE, BLANK_SHARE, FEW_WORDS = 0.5, 0.9, 0.08
SHEET_SHARE, SHEET_RATIOS, SHEET_SLACK = 0.85, (1.294, 1.414), 0.015
"""A sheet is white, and Letter or A4; no screen has these shapes."""
PAPER_SHARE, TEXT_SHARE = 0.2, 0.11


def _is_graphic(marks: Marks, sight: Sight) -> bool:
    short, long = sorted(sight.size)
    is_light = sight.size_bytes < LOGO_BYTES and short < DRAWN_SIDE
    is_drawn = is_light and marks.colours <= LOGO_COLOURS
    is_banner = long > short * BANNER_RATIO and not sight.from_camera
    is_cut_out = sight.see_through > SEE_THROUGH_SHARE
    return short < LOGO_SIDE or is_drawn or is_banner or is_cut_out


def _is_flat(marks: Marks) -> bool:
    """Return whether it is as flat as a screen, with words or hardly anything on it."""
    if marks.flat <= FLAT_SHARE:
        return False
    return marks.words > FEW_WORDS or marks.commonest > BLANK_SHARE


def _counts(image: Image.Image) -> list[int]:
    """Return how many pixels each colour has, at 16 levels a channel."""
    coarse = image.point([level & 0xF0 for level in range(256)] * 3)
    counts = coarse.getcolors(maxcolors=coarse.width * coarse.height) or []
    return [count for count, _ in counts]


def _slope(grey: Image.Image) -> Image.Image:
    """Return how much each pixel differs from its right and its lower neighbour."""
    aside = ImageChops.difference(grey, ImageChops.offset(grey, 1, 0))
    below = ImageChops.difference(grey, ImageChops.offset(grey, 0, 1))
    return ImageChops.lighter(aside, below)


_Chop = Callable[[Image.Image, Image.Image], Image.Image]


def _widened(grey: Image.Image, chop: _Chop, sign: int = 1) -> Image.Image:
    """Return the extreme of each 7 by 7 pixels, by seven comparisons in all."""
    for step in (1, 2, 3):
        grey = chop(grey, ImageChops.offset(grey, sign * step, 0))
    for step in (1, 2, 3):
        grey = chop(grey, ImageChops.offset(grey, 0, sign * step))
    return grey


def _narrowed(grey: Image.Image, chop: _Chop) -> Image.Image:
    return _widened(grey, chop, sign=-1)


def _written(strokes: Image.Image) -> Image.Image:
    """Return the squares that hold enough strokes to be writing."""
    squares = strokes.resize((SQUARES, SQUARES), Image.Resampling.BOX)
    return _over(squares, round(255 * WRITTEN_SHARE))


def _bright(grey: Image.Image) -> int:
    """Return the level that a twentieth of the pixels exceed."""
    left = grey.width * grey.height // 20
    for level, count in reversed(list(enumerate(grey.histogram()))):
        left -= count
        if left < 0:
            return level
    return 0


def _is_sheet_shaped(size: tuple[int, int]) -> bool:
    short, long = sorted(size)
    return any(abs(long / short - ratio) < SHEET_SLACK for ratio in SHEET_RATIOS)


def _over(grey: Image.Image, level: int) -> Image.Image:
    return grey.point([255 * (value >= level) for value in range(256)])


def _under(grey: Image.Image, level: int) -> Image.Image:
    return grey.point([255 * (value <= level) for value in range(256)])


def _share(mask: Image.Image) -> float:
    return mask.histogram()[255] / (mask.width * mask.height)
