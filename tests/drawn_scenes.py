"""Photographs and decoration, drawn: boxes, goods, rooms; logos, pixels, stickers.

See drawn_papers: the same seed draws the same picture, and set 2 differs from set 1.
"""

import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from tests.drawn_papers import Colour, font, grain, noisy

CARDBOARD = {
    1: ((176, 132, 84), (150, 108, 66)),
    2: ((196, 158, 112), (128, 92, 60), (205, 200, 190)),
}
WALLS = {
    1: ((150, 140, 128), (90, 98, 110), (196, 186, 170)),
    2: ((210, 205, 196), (60, 64, 70), (120, 130, 116)),
}
CAMERAS = {1: (1600, 1200), 2: (1440, 1920)}


def box(seed: int, which: int = 1) -> Image.Image:
    """Return a cardboard box with tape, a label and a hole, on a floor or table."""
    chance = random.Random(seed * 3 + which)  # noqa: S311 - the same every time
    size = CAMERAS[which]
    image = grain(chance.choice(WALLS[which]), size, chance)
    board = grain(chance.choice(CARDBOARD[which]), size, chance)
    mask = Image.new("L", size)
    corners = _corners(chance, size, 0.10 if which == 1 else 0.18)
    ImageDraw.Draw(mask).polygon(corners, fill=255)
    image.paste(board, (0, 0), mask)
    draw = ImageDraw.Draw(image)
    middle = size[1] // 2 + chance.randint(-80, 80)
    draw.rectangle((0, middle, size[0], middle + 70), fill=(188, 164, 120))
    hole = [
        (size[0] // 2 + chance.randint(-200, 200), middle + chance.randint(-200, 200))
        for _ in range(7)
    ]
    draw.polygon(hole, fill=(40, 28, 20))
    if seed % 3:
        _label(draw, chance, size)
    return _taken(image, chance)


def goods(seed: int, which: int = 1) -> Image.Image:
    """Return broken goods: shards and shapes with soft light on a surface."""
    chance = random.Random(seed * 5 + which)  # noqa: S311
    size = CAMERAS[which]
    image = grain(chance.choice(WALLS[which]), size, chance)
    draw = ImageDraw.Draw(image)
    for _ in range(14 if which == 1 else 30):
        x, y = chance.randrange(size[0]), chance.randrange(size[1])
        reach = chance.randint(60, 320)
        shard = [
            (x + chance.randint(-reach, reach), y + chance.randint(-reach, reach))
            for _ in range(chance.randint(3, 6))
        ]
        draw.polygon(shard, fill=_colour(chance))
    return _taken(image, chance)


def white_table(seed: int, which: int = 1) -> Image.Image:
    """Return a broken cup on a white table in even light: bright, and no page."""
    chance = random.Random(seed * 11 + which)  # noqa: S311
    size = CAMERAS[which]
    base = chance.randint(205, 238)
    image = Image.linear_gradient("L").resize(size).point(lambda v: base - v // 12)
    image = Image.merge("RGB", (image, image, image))
    draw = ImageDraw.Draw(image)
    for _ in range(4 if which == 1 else 7):
        x = chance.randrange(size[0] // 4, size[0] * 3 // 4)
        y = chance.randrange(size[1] // 4, size[1] * 3 // 4)
        reach = chance.randint(90, 260)
        shard = [
            (x + chance.randint(-reach, reach), y + chance.randint(-reach, reach))
            for _ in "abcd"
        ]
        draw.polygon(shard, fill=_colour(chance))
    return _taken(image, chance)


def night(seed: int, which: int = 1) -> Image.Image:
    """Return a dark photograph: a parcel at a door in the evening."""
    dark = Image.new(
        "RGB", CAMERAS[which], (70, 66, 78) if which == 1 else (46, 46, 52)
    )
    return ImageChops.multiply(box(seed, which), dark)


def meme(seed: int, which: int = 1) -> Image.Image:
    """Return a photograph with big words on it."""
    image = goods(seed, which).resize((600, 500) if which == 1 else (720, 720))
    draw = ImageDraw.Draw(image)
    for y, words in ((20, "MY PARCEL"), (image.height - 90, "WHEN IT ARRIVES")):
        draw.text(
            (image.width // 2, y),
            words,
            font=font(56),
            anchor="ma",
            fill="white",
            stroke_width=4,
            stroke_fill="black",
        )
    return image


def logo(seed: int, which: int = 1) -> Image.Image:
    """Return a signature's logo, a social icon or a banner."""
    chance = random.Random(seed * 17 + which)  # noqa: S311
    sizes = {
        1: ((120, 40), (64, 64), (300, 100), (600, 80)),
        2: ((180, 60), (32, 32), (240, 140), (900, 120)),
    }
    size = sizes[which][seed % 4]
    image = Image.new("RGB", size, _colour(chance))
    draw = ImageDraw.Draw(image)
    draw.ellipse((4, 4, size[1] - 4, size[1] - 4), fill=_colour(chance))
    draw.text((size[1], size[1] // 4), "ACME", font=font(size[1] // 2), fill="white")
    return image


def sticker(seed: int, which: int = 1) -> Image.Image:
    """Return a sticker of a chat: a shape on a see-through ground."""
    chance = random.Random(seed * 19 + which)  # noqa: S311
    side = 512 if which == 1 else 320
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    inset = side // 5
    draw.ellipse((inset, inset, side - inset, side - inset), fill=_colour(chance))
    draw.text((side // 3, side // 2), "THANKS", font=font(side // 10), fill="white")
    return image


def pixel(_seed: int, which: int = 1) -> Image.Image:
    """Return a tracking pixel or a spacer."""
    return Image.new("RGB", (1, 1) if which == 1 else (1, 30), "white")


def _corners(
    chance: random.Random, size: tuple[int, int], inset: float
) -> list[tuple[int, int]]:
    width, height = size
    x, y = round(width * inset), round(height * inset)
    corners = ((x, y), (width - x, y), (width - x, height - y), (x, height - y))
    return [
        (a + chance.randint(-x, x) // 2, b + chance.randint(-y, y) // 2)
        for a, b in corners
    ]


def _label(
    draw: ImageDraw.ImageDraw, chance: random.Random, size: tuple[int, int]
) -> None:
    """Draw a shipping label: paper with words on a box is still a photograph of it."""
    x, y = chance.randrange(size[0] // 2), chance.randrange(size[1] // 2)
    draw.rectangle((x, y, x + 380, y + 260), fill=(236, 234, 228))
    for row, words in enumerate(("TO: L. HOFFMANN", "Gartenweg 4", "20095 HAMBURG")):
        draw.text((x + 20, y + 20 + row * 50), words, font=font(34), fill=(30, 30, 30))
    for bar in range(20, 350, 9):
        draw.rectangle(
            (x + bar, y + 190, x + bar + chance.randint(2, 6), y + 245),
            fill=(20, 20, 20),
        )


def _taken(image: Image.Image, chance: random.Random) -> Image.Image:
    soft = image.filter(ImageFilter.GaussianBlur(chance.uniform(0.6, 2.0)))
    return noisy(soft, chance.uniform(6, 16))


def _colour(chance: random.Random) -> Colour:
    return chance.randrange(256), chance.randrange(256), chance.randrange(256)
