"""How drawn pictures are told apart: a table of what each kind is taken for.

Set 1 is what the thresholds were measured on, set 2 was drawn with other sizes,
colours, lights and themes. Each picture is saved as a phone or a mail program would.

Example: `python -m bench pictures -n 60`
"""

import argparse
from collections import Counter
from collections.abc import Callable

from PIL import Image

from tests import drawn_papers, drawn_scenes
from tests.drawn_papers import a_paper, saved
from worker.adapters import pictures
from worker.domain.mail import PAGES, Looks, Picture

Draw = Callable[[int, int], Image.Image]
KINDS: dict[str, tuple[Draw, frozenset[Looks]]] = {
    "order page": (drawn_papers.screen, frozenset({Looks.SCREENSHOT})),
    "receipt, photographed": (drawn_papers.receipt, frozenset({Looks.SCAN})),
    "receipt, scanned": (
        lambda seed, _: drawn_papers.page(a_paper(seed), is_roll=seed % 2 == 0),
        PAGES,
    ),
    "box": (drawn_scenes.box, frozenset({Looks.PHOTOGRAPH})),
    "goods": (drawn_scenes.goods, frozenset({Looks.PHOTOGRAPH})),
    "goods on white": (drawn_scenes.white_table, frozenset({Looks.PHOTOGRAPH})),
    "box in the dark": (drawn_scenes.night, frozenset({Looks.PHOTOGRAPH})),
    "logo": (drawn_scenes.logo, frozenset({Looks.GRAPHIC})),
    "sticker": (drawn_scenes.sticker, frozenset({Looks.GRAPHIC})),
    "tracking pixel": (drawn_scenes.pixel, frozenset({Looks.GRAPHIC})),
    "meme": (drawn_scenes.meme, frozenset(Looks)),
}
"""How each is drawn, and what it may be taken for; a meme is nobody's evidence."""
QUALITIES = (28, 55, 85)
COLUMNS = [*Looks, "unreadable"]


def as_file(image: Image.Image, seed: int) -> bytes:
    """Return the picture as PNG, WebP, or JPEG of low to good quality."""
    if image.mode == "RGBA" or image.height == 1 or seed % 4 == 0:
        return saved(image)
    if seed % 4 == 1:
        return saved(image, "WEBP", quality=60)
    return saved(image, "JPEG", quality=QUALITIES[seed % 3])


def main(arguments: list[str]) -> int:
    """Print the table of both sets; exit 1 where fewer than 97 of 100 are right."""
    parser = argparse.ArgumentParser(
        prog="python -m bench pictures", description=__doc__
    )
    parser.add_argument("-n", type=int, default=30, help="pictures of each kind")
    count = parser.parse_args(arguments).n
    is_good = True
    for which in (1, 2):
        print(f"set {which:<20}" + "".join(f"{name:>12}" for name in COLUMNS))
        right = total = 0
        for kind, (draw, expected) in KINDS.items():
            taken_for = Counter(_taken_for(draw, seed, which) for seed in range(count))
            right += sum(taken_for[looks] for looks in expected)
            total += count
            cells = "".join(f"{taken_for[name] or '·':>12}" for name in COLUMNS)
            print(f"  {kind:22}{cells}")
        print(f"  right: {right} of {total}\n")
        is_good = is_good and right >= total * 0.97
    return 0 if is_good else 1


def _taken_for(draw: Draw, seed: int, which: int) -> str:
    if seed % 6 == 5 and not drawn_papers.has_chinese_font():  # noqa: PLR2004
        seed += 30 * 17 + 1  # in another language
    return _looks(as_file(draw(seed, which), seed))


def _looks(data: bytes) -> str:
    found = pictures.look(data)
    return found.looks_like if isinstance(found, Picture) else "unreadable"
