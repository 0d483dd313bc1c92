"""Order pages and receipts, drawn: what a member photographs or takes of a screen.

The same seed draws the same picture, but for a sensor's noise. Nothing here is any
shop's real layout; set 1 and set 2 differ in sizes, layouts, lighting and wear, so
that what is tuned on one can be tried on the other.
"""

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

LATIN_FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
"""Debian's fonts-dejavu-core; Pillow's own font lacks accents and the euro."""
CHINESE_FONTS = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
)
"""Debian's fonts-wqy-microhei, fonts-noto-cjk and fonts-droid-fallback."""

Font = ImageFont.FreeTypeFont
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Words:
    """What one language calls things on a paper."""

    my_order: str
    number: str
    status: str
    total: str
    shipping: str
    thanks: str
    receipt: str
    date: str
    pay: str
    goods: tuple[str, ...]
    price: str = "${0}.{1}"


ENGLISH = Words(
    my_order="Order details",
    number="Order number",
    status="Your order has been shipped",
    total="Total",
    shipping="Shipping",
    thanks="Thank you for your order!",
    receipt="RECEIPT",
    date="Date",
    pay="Paid by card",
    goods=("Ceramic tea set", "Running shoes blue 42", "Desk lamp", "Wool blanket"),
)
GERMAN = Words(
    my_order="Bestelldetails",
    number="Bestellnummer",
    status="Ihre Bestellung wurde versandt",
    total="Gesamtsumme",
    shipping="Versandkosten",
    thanks="Vielen Dank für Ihre Bestellung",
    receipt="Rechnung",
    date="Datum",
    pay="Bezahlt mit Karte",
    goods=("Teeservice Porzellan", "Laufschuhe blau 42", "Schreibtischlampe", "Decke"),
    price="{0},{1} €",
)
FRENCH = Words(
    my_order="Détails de la commande",
    number="Numéro de commande",
    status="Votre commande a été expédiée",
    total="Total",
    shipping="Livraison",
    thanks="Merci pour votre commande",
    receipt="Facture",
    date="Date",
    pay="Payé par carte",
    goods=("Service à thé", "Chaussures bleues 42", "Lampe de bureau", "Couverture"),
    price="{0},{1} €",
)
SPANISH = Words(
    my_order="Detalles del pedido",
    number="Número de pedido",
    status="Tu pedido ha sido enviado",
    total="Total",
    shipping="Envío",
    thanks="Gracias por tu pedido",
    receipt="Factura",
    date="Fecha",
    pay="Pagado con tarjeta",
    goods=("Juego de té", "Zapatillas azules 42", "Lámpara de mesa", "Manta"),
    price="{0},{1} EUR",
)
BRITISH = Words(
    my_order="Your order",
    number="Order no.",
    status="Dispatched: on its way to you",
    total="Order total",
    shipping="Delivery",
    thanks="Order confirmed",
    receipt="Invoice",
    date="Date",
    pay="Visa debit",
    goods=("Stoneware mugs x4", "Hiking boots 9", "Reading light", "Picnic rug"),
    price="£{0}.{1}",
)
CHINESE = Words(
    my_order="订单详情",
    number="订单编号",
    status="您的订单已发货",
    total="合计",
    shipping="运费",
    thanks="感谢您的订购",
    receipt="购物小票",
    date="日期",
    pay="支付宝支付",
    goods=("陶瓷茶具套装", "蓝色跑步鞋", "台灯", "羊毛毯"),
    price="￥{0}.{1}",
)
LANGUAGES = (ENGLISH, GERMAN, BRITISH, FRENCH, SPANISH, CHINESE)
SHOPS = ("Harbour Lane", "NORDLICHT", "Casa Lume", "Blue Fern", "KAUFGUT", "Mirabel")
NUMBERS = ("ORD-20261104-0183", "4029-118-7730", "HL2026110441", "202611040183664")


@dataclass(frozen=True)
class Paper:
    """One purchase: what its order page and its receipt say."""

    words: Words
    shop: str
    number: str
    lines: tuple[tuple[str, str], ...]
    shipping: str
    total: str
    chance: random.Random = field(compare=False, repr=False)


def a_paper(seed: int, words: Words | None = None, number: str | None = None) -> Paper:
    """Return a purchase of one to three goods; the same seed, the same purchase."""
    chance = random.Random(seed)  # noqa: S311 - the same picture every time
    words = LANGUAGES[seed % len(LANGUAGES)] if words is None else words
    goods = chance.sample(words.goods, chance.randint(1, 3))
    cents = [chance.randint(900, 29_999) for _ in goods]
    shipping = chance.choice((0, 490, 1250))
    return Paper(
        words=words,
        shop=SHOPS[seed % len(SHOPS)],
        number=NUMBERS[seed % len(NUMBERS)] if number is None else number,
        lines=tuple((g, _price(words, c)) for g, c in zip(goods, cents, strict=True)),
        shipping=_price(words, shipping),
        total=_price(words, sum(cents) + shipping),
        chance=chance,
    )


def _price(words: Words, cents: int) -> str:
    return words.price.format(cents // 100, f"{cents % 100:02}")


@cache
def font(size: int, *, chinese: bool = False) -> Font:
    """Return a font for Latin letters, or one for Chinese characters too.

    Raises:
        FileNotFoundError: no Chinese font is installed.
    """
    if chinese:
        path = next((p for p in CHINESE_FONTS if Path(p).is_file()), None)
        if path is None:
            raise FileNotFoundError("apt-get install fonts-wqy-microhei")
        return ImageFont.truetype(path, size)
    if Path(LATIN_FONT).is_file():
        return ImageFont.truetype(LATIN_FONT, size)
    found = ImageFont.load_default(size)
    if not isinstance(found, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType")
    return found


def has_chinese_font() -> bool:
    """Return whether Chinese papers can be drawn here."""
    return any(Path(path).is_file() for path in CHINESE_FONTS)


# -- screens ------------------------------------------------------------------------

SCREENS = {
    1: ((1170, 2532), (1080, 2400), (750, 1334), (720, 1600), (1366, 768)),
    2: ((1290, 2796), (1440, 3120), (828, 1792), (1080, 1920), (1920, 1080)),
}
"""Phones, and one desk screen, in pixels."""
THEMES: dict[int, tuple[tuple[Colour, Colour, Colour, Colour], ...]] = {
    1: (
        ((255, 255, 255), (245, 245, 247), (20, 20, 20), (230, 90, 20)),
        ((18, 18, 18), (32, 33, 36), (232, 234, 237), (90, 160, 250)),
    ),
    2: (
        ((242, 242, 247), (255, 255, 255), (28, 28, 30), (0, 110, 90)),
        ((0, 0, 0), (28, 28, 30), (255, 255, 255), (255, 159, 10)),
    ),
}
"""Background, card, text, accent; light and dark."""


def screen(seed: int, which: int = 1, *, paper: Paper | None = None) -> Image.Image:
    """Return a screenshot of an order page: light or dark, phone or desk."""
    paper = a_paper(seed) if paper is None else paper
    chance = random.Random(seed * 7 + which)  # noqa: S311
    width, height = SCREENS[which][seed % 5]
    ground, card, ink, accent = THEMES[which][seed // 5 % 2]
    image = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(image)
    unit = min(width, height * 3 // 4) // 24
    body = font(round(unit * 1.05), chinese=paper.words is CHINESE)
    head = font(round(unit * 1.5), chinese=paper.words is CHINESE)
    left, right, y = unit * 2, width - unit * 2, unit
    draw.text((left, y), "9:41", font=font(unit), fill=ink)
    draw.text((right, y), "LTE 82%", font=font(unit), fill=ink, anchor="ra")
    y += unit * 3
    draw.text((left, y), paper.words.my_order, font=head, fill=ink)
    y += unit * 3
    draw.text((left, y), paper.words.status, font=body, fill=accent)
    y += unit * 2
    draw.text((left, y), f"{paper.words.number}: {paper.number}", font=body, fill=ink)
    y += unit * 3
    for name, price in paper.lines:
        box = (unit, y, width - unit, y + unit * 4)
        draw.rounded_rectangle(box, unit // 2, fill=card)
        hue = tuple(chance.randint(40, 220) for _ in "rgb")
        draw.rectangle((left, y + unit // 2, left + unit * 3, y + unit * 3), fill=hue)
        draw.text((left + unit * 4, y + unit), name, font=body, fill=ink)
        draw.text((right, y + unit), price, font=body, fill=ink, anchor="ra")
        y += unit * 5
    for name, price in (
        (paper.words.shipping, paper.shipping),
        (paper.words.total, paper.total),
    ):
        draw.text((left, y), name, font=body, fill=ink)
        draw.text((right, y), price, font=body, fill=ink, anchor="ra")
        y += unit * 2
    draw.rounded_rectangle((left, y, right, y + unit * 3), unit, fill=accent)
    draw.text((width // 2, y + unit), paper.shop, font=body, fill=card, anchor="ma")
    return image


# -- receipts -----------------------------------------------------------------------

TABLES = {
    1: ((120, 84, 52), (70, 72, 78), (176, 160, 140)),
    2: ((58, 44, 36), (140, 150, 158), (150, 110, 80)),
}


def page(paper: Paper, *, is_roll: bool) -> Image.Image:
    """Return the receipt as it was printed: a till roll or a sheet."""
    width = 620 if is_roll else 1000
    size = 30 if is_roll else 32
    body = font(size, chinese=paper.words is CHINESE)
    head = font(size * 3 // 2, chinese=paper.words is CHINESE)
    rows: list[tuple[str, str, Font]] = [
        (paper.shop, "", head),
        (paper.words.receipt, "", head),
        *((text, "", body) for text in _number_lines(paper, body, width - 80)),
        (f"{paper.words.date}: 04.11.2026", "", body),
        ("", "", body),
        *((name, price, body) for name, price in paper.lines),
        (paper.words.shipping, paper.shipping, body),
        (paper.words.total, paper.total, head),
        ("", "", body),
        (paper.words.pay, "", body),
        (paper.words.thanks, "", body),
    ]
    step = size * 2
    image = Image.new("RGB", (width, step * (len(rows) + 2)), (250, 249, 245))
    draw = ImageDraw.Draw(image)
    for at, (left, right, letters) in enumerate(rows, start=1):
        draw.text((40, at * step), left, font=letters, fill=(35, 35, 40))
        spot = (width - 40, at * step)
        draw.text(spot, right, font=letters, fill=(35, 35, 40), anchor="ra")
    return image


def _number_lines(paper: Paper, body: Font, room: int) -> list[str]:
    """Return the order number on one line, or below its name where it is too long."""
    line = f"{paper.words.number}: {paper.number}"
    if body.getlength(line) <= room:
        return [line]
    return [f"{paper.words.number}:", paper.number]


def receipt(seed: int, which: int = 1, *, paper: Paper | None = None) -> Image.Image:
    """Return a photographed receipt: askew, on a table, unevenly lit, a little soft."""
    paper = a_paper(seed) if paper is None else paper
    chance = random.Random(seed * 13 + which)  # noqa: S311
    sheet = page(paper, is_roll=seed % 2 == 0)
    margin = chance.randint(60, 160) if which == 1 else chance.randint(100, 260)
    width, height = sheet.width + margin * 2, sheet.height + margin * 2
    mask = Image.new("L", sheet.size, 255)
    wide = Image.new("RGB", (width, height))
    wide.paste(sheet, (margin, margin))
    shape = Image.new("L", (width, height))
    shape.paste(mask, (margin, margin))
    lean = _lean(chance, width, height, 0.03 if which == 1 else 0.045)
    angle = chance.uniform(-6, 6) if which == 1 else chance.uniform(-9, 9)
    bent = [_bent(image, lean, angle) for image in (wide, shape)]
    table = grain(chance.choice(TABLES[which]), (width, height), chance)
    table.paste(bent[0], (0, 0), bent[1])
    lit = ImageChops.multiply(table, _light(chance, (width, height)))
    soft = lit.filter(ImageFilter.GaussianBlur(chance.uniform(0.5, 1.3)))
    return noisy(soft, chance.uniform(6, 14))


def _lean(
    chance: random.Random, width: int, height: int, share: float
) -> tuple[float, ...]:
    """Return the corners that a camera held askew sees."""
    corners = ((0, 0), (0, height), (width, height), (width, 0))
    return tuple(
        value + chance.uniform(-share, share) * side
        for corner in corners
        for value, side in zip(corner, (width, height), strict=True)
    )


def _bent(image: Image.Image, lean: Sequence[float], angle: float) -> Image.Image:
    quick = Image.Resampling.BICUBIC
    askew = image.transform(image.size, Image.Transform.QUAD, lean, quick)
    return askew.rotate(angle, quick)


def _light(chance: random.Random, size: tuple[int, int]) -> Image.Image:
    """Return uneven light: bright here, shadow there."""
    coarse = Image.new("RGB", (3, 3))
    warm = chance.randint(0, 18)
    coarse.putdata([(v, v - warm // 2, v - warm) for v in _levels(chance, 9)])
    return coarse.resize(size, Image.Resampling.BICUBIC)


def _levels(chance: random.Random, count: int) -> list[int]:
    return [chance.randint(165, 252) for _ in range(count)]


def grain(colour: Colour, size: tuple[int, int], chance: random.Random) -> Image.Image:
    """Return a surface of one colour with the grain of wood or cloth."""
    strips = Image.effect_noise((max(2, size[0] // 40), size[1]), 34).resize(size)
    fine = Image.effect_noise(size, 22)
    light = Image.blend(strips, fine, chance.uniform(0.2, 0.6))
    tint = Image.new("RGB", size, tuple(min(255, c * 2) for c in colour))
    return ImageChops.multiply(tint, Image.merge("RGB", (light, light, light)))


def noisy(image: Image.Image, sigma: float) -> Image.Image:
    """Return the picture with a sensor's noise."""
    grey = Image.effect_noise(image.size, sigma)
    noise = Image.merge("RGB", (grey, grey, grey))
    return ImageChops.add(image, noise, 1, -128)


def saved(image: Image.Image, fmt: str = "PNG", **options: object) -> bytes:
    """Return the picture as a file."""
    held = io.BytesIO()
    image.save(held, fmt, **options)
    return held.getvalue()
