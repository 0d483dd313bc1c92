"""Papers of sample members: PDF written by hand, pictures drawn with Pillow, a zip.

The demo has runtime dependencies only, hence no PDF library: a page of text is a
handful of objects. Everything is the same for the same arguments.
"""

import io
import random
import zipfile
from collections.abc import Mapping, Sequence

import pillow_heif
from PIL import Image, ImageDraw

PHOTO_SIZE = (480, 360)
CARDBOARD = (176, 132, 84)
PORCELAIN = (206, 214, 226)
INK = (52, 36, 24)
LOGO_SIZE = (120, 40)

FAST = {"preset": "ultrafast"}  # of x265: eight times as fast

_EXIF_MAKE = 0x010F
_LOCK = (
    b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <" + b"6c" * 32 + b">"
    b" /U <" + b"6f" * 32 + b"> >>"
)
"""An encryption that no password opens. Source: ISO 32000-1 §7.6.3.2."""


def pdf(lines: Sequence[str], *, is_locked: bool = False) -> bytes:
    """Return a PDF of one page; a locked one asks for a password nobody has."""
    text = " ".join(f"({_escaped(line)}) Tj T*" for line in lines)
    drawing = f"BT /F1 12 Tf 16 TL 60 780 Td {text} ET".encode("cp1252", "replace")
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>"
    )
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding %s >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        font % b"/WinAnsiEncoding",
    ]
    extra = b""
    if is_locked:
        objects.append(_LOCK)
        extra = b" /Encrypt 6 0 R /ID [<00> <00>]"
    return _file_of(objects, extra)


def box_photo(seed: int) -> bytes:
    """Return a photograph, JPEG, of a crushed parcel."""
    return _jpeg(_box(seed))


def goods_photo(seed: int) -> bytes:
    """Return a photograph, JPEG, of what was inside, in pieces."""
    return _jpeg(_shards(seed))


def heic_photos(seed: int) -> tuple[bytes, bytes]:
    """Return both photographs as a telephone takes them, HEIC."""
    pillow_heif.register_heif_opener()
    first, second = io.BytesIO(), io.BytesIO()
    _box(seed).save(first, "HEIF", quality=40, enc_params=FAST)
    _shards(seed).save(second, "HEIF", quality=40, enc_params=FAST)
    return first.getvalue(), second.getvalue()


def logo(name: str) -> bytes:
    """Return a signature logo, PNG."""
    image = Image.new("RGB", LOGO_SIZE, (20, 60, 140))
    ImageDraw.Draw(image).text((8, 14), name, fill="white")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of some files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6)), data)
    return file.getvalue()


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _file_of(objects: Sequence[bytes], extra: bytes) -> bytes:
    """Return the file: header, numbered objects, where each begins, trailer."""
    file = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    count = len(objects) + 1
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return file + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R%s >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (count, table, count, extra, len(file))
    )


def _table(chance: random.Random) -> Image.Image:
    """Return a table top in uneven light: no two pixels side by side are equal."""
    coarse = Image.new("RGB", (16, 12))
    red, green, blue = (chance.randrange(70, 150) for _ in range(3))
    light = [chance.randrange(-50, 51) for _ in range(16 * 12)]
    coarse.putdata([(red + by, green + by, blue + by) for by in light])
    return coarse.resize(PHOTO_SIZE, Image.Resampling.BICUBIC)


def _box(seed: int) -> Image.Image:
    chance = random.Random(seed)  # noqa: S311 - the same picture every time
    image = _table(chance)
    draw = ImageDraw.Draw(image)
    left, top = chance.randrange(70, 130), chance.randrange(90, 130)
    right, bottom, depth = left + 240, top + 175, 42
    back_left, back_right = (left + depth, top - depth), (right + depth, top - depth)
    draw.polygon(
        [(left, top), back_left, back_right, (right, top)], _shaded(CARDBOARD, 25)
    )
    draw.polygon(
        [(right, top), back_right, (right + depth, bottom - depth), (right, bottom)],
        _shaded(CARDBOARD, -40),
    )
    draw.rectangle((left, top, right, bottom), CARDBOARD)
    draw.rectangle((left + 105, top, left + 135, bottom), _shaded(CARDBOARD, 40))
    x, y = right - 72, top + 24
    for _ in range(14):  # the crushed corner
        end = (x + chance.randrange(-42, 66), y + chance.randrange(-30, 54))
        draw.line([(x, y), end], fill=INK, width=chance.randrange(1, 5))
        x, y = (x + end[0]) // 2, (y + end[1]) // 2
    return image


def _shards(seed: int) -> Image.Image:
    chance = random.Random(seed + 1000)  # noqa: S311 - the same picture every time
    image = _table(chance)
    draw = ImageDraw.Draw(image)
    for _ in range(22):
        x, y = chance.randrange(48, 432), chance.randrange(48, 312)
        corners = [
            (x + chance.randrange(-54, 55), y + chance.randrange(-42, 43))
            for _ in range(chance.randrange(3, 6))
        ]
        draw.polygon(corners, _shaded(PORCELAIN, chance.randrange(-60, 30)), INK)
    return image


def _shaded(colour: tuple[int, int, int], by: int) -> tuple[int, int, int]:
    red, green, blue = (min(255, max(0, level + by)) for level in colour)
    return red, green, blue


def _jpeg(image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[_EXIF_MAKE] = "Acme"
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80, exif=exif)
    return file.getvalue()
