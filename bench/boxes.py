"""Made mailboxes: the same arguments give the same mails, byte for byte.

`small` mails have no attachment and about 4 kB. `claims` are complete claims of about
450 kB: an invoice as PDF, the order mail, two or three photographs. One mail in ten is
no claim: a question about one, an advertisement, or an automatic answer.

Example: `python -m bench.boxes claims -n 20 FOLDER`
"""

import argparse
import email.message
import email.policy
import email.utils
import hashlib
import html
import io
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from bench.rounds import CACHE

PROFILES = ("small", "claims")
COUNTS = {"small": 1000, "claims": 500}
"""Of the boxes that `make bench` measures."""
SEED = 20261118
BEGINS_AT = datetime(2026, 11, 18, 8, 0, tzinfo=UTC)
APART = timedelta(seconds=97)
OURS = "claims@claims.example"
OUR_MX = "in.claims.example"
PDF_BYTES = 58_000
PHOTOS_BYTES = (130_000, 380_000)
BYTES_A_PIXEL = 0.40
"""Of a JPEG with our noise at quality 78; measured."""
SMALL_TEXT = (1800, 3200)
CLAIM_TEXT = (600, 1800)
MANIFEST = "manifest.json"
UTF8 = "utf-8"
CRLF, LF = b"\r\n", b"\n"

NAMES = (
    ("Lena", "Hoffmann"),
    ("Jürgen", "Weiß"),
    ("Søren", "Lund"),
    ("Chloé", "Martin"),
    ("Łucja", "Nowak"),
    ("Inés", "García"),
    ("Tom", "O'Brien"),
    ("Aylin", "Öztürk"),
    ("Grace", "Chen"),
    ("Paul", "Jansen"),
)
GOODS = (
    "tea set, porcelain",
    "reading lamp",
    "running shoes 42",
    "wool blanket",
    "picture frame A3",
    "wireless headphones",
    "oak tray",
    "espresso cups (6)",
    "travel mug",
    "table clock",
)
DAMAGE = (
    "is broken into several pieces",
    "has a crack from the rim down to the foot",
    "is dented, and its lid does not close any more",
    "does not switch on",
    "is scratched all over its front",
)
SENTENCES = (
    "I collected the package at the counter on {day}; one corner of the box was torn.",
    "When I opened it at home, I saw at once that the {good} {damage}.",
    "The invoice, the shop's order mail and my photographs are attached.",
    "I have kept the box and the padding, in case that you want to see them.",
    "The order number is {order}, and my member id is {member}.",
    "Everything was wrapped in one thin layer of paper, and nothing kept it in place.",
    "Please tell me what else you need from me, and how long it will take.",
    "By day I can be reached at +49 30 5550{number:04}, or by answering this mail.",
    "Das Päckchen war außen kaum beschädigt, drinnen aber war alles zerbrochen.",
    "I paid the guarantee fee with the shipping, so I hope that this is covered.",
)
FOOTER = """\
--
{name}
Gartenstraße {number}, 10115 Berlin

This e-mail is meant for its recipient alone. If it has reached you by mistake, please
tell its sender and delete it; it must not be copied or passed on.
"""
PROGRAMS = ("Apple Mail (2.3774)", "Thunderbird 128", "Outlook 16.0", "K-9 Mail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is known of a made mail; `kind` is claim, question, noise or automatic."""

    file: str
    kind: str
    sender: str
    at: datetime
    member_id: str
    order_number: str


@dataclass(frozen=True, slots=True)
class Box:
    """A made mailbox: a Maildir's `new`, with line ends of LF as Dovecot delivers."""

    folder: Path
    facts: Sequence[Fact]
    size_bytes: int
    """As IMAP announces it, with CRLF."""

    @property
    def mails(self) -> Path:
        """The folder of its files."""
        return self.folder / "new"

    @property
    def claims(self) -> list[Fact]:
        """Its claims, in order."""
        return [fact for fact in self.facts if fact.kind == "claim"]

    def raw(self, fact: Fact) -> bytes:
        """Return a mail as IMAP hands it out."""
        return (self.mails / fact.file).read_bytes().replace(LF, CRLF)


def box(profile: str, count: int | None = None, *, seed: int = SEED) -> Box:
    """Return a mailbox, made once and kept in the cache.

    Args:
        profile: `small` or `claims`.
        count: of mails; None is what `make bench` measures.
        seed: another one gives other members, orders and bytes.
    """
    number = COUNTS[profile] if count is None else count
    code = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    folder = CACHE / "boxes" / f"{profile}-{number}-{seed}-{code}"
    if not (folder / MANIFEST).exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        for parent in (CACHE, folder.parent):
            parent.chmod(0o755)  # the mail server works as another user
        fresh = Path(tempfile.mkdtemp(dir=folder.parent))
        try:
            write(fresh, profile, number, seed=seed)
            fresh.chmod(0o755)
            fresh.rename(folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return read(folder)


def read(folder: Path) -> Box:
    """Return the mailbox that `write` left in a folder."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding=UTF8))
    facts = [
        Fact(**entry | {"at": datetime.fromisoformat(entry["at"])})
        for entry in manifest["mails"]
    ]
    return Box(folder, facts, manifest["size_bytes"])


def write(folder: Path, profile: str, count: int, *, seed: int = SEED) -> None:
    """Make the mails of a mailbox in a folder, with their facts beside them."""
    mails = folder / "new"
    mails.mkdir()
    entries, size_bytes = [], 0
    for raw, fact in _mails(profile, count, seed):
        lines = raw.replace(CRLF, LF)
        # The sizes in the name are those that Dovecot writes, so it need not count.
        name = f"{fact.file},S={len(lines)},W={len(raw)}"
        (mails / name).write_bytes(lines)
        size_bytes += len(raw)
        entries.append(asdict(fact) | {"file": name, "at": fact.at.isoformat()})
    text = json.dumps({"size_bytes": size_bytes, "mails": entries})
    (folder / MANIFEST).write_text(text, encoding=UTF8)


def make(profile: str, seed: int, number: int) -> tuple[bytes, Fact]:
    """Return one mail, with CRLF, and what is known of it."""
    chance = random.Random(f"{profile} {seed} {number}")  # noqa: S311 - the same mails every time
    at = BEGINS_AT + APART * number + timedelta(seconds=chance.randrange(60))
    first, last = chance.choice(NAMES)
    about = Fact(
        file=f"{int(at.timestamp())}.M{number:06}P1.box",
        kind=_kind(number),
        sender=f"member{seed % 1000}.{number}@mail{number % 40}.example",
        at=at,
        # Others for each seed, so that boxes can be mixed.
        member_id=f"M{100_000 + seed % 80 * 10_000 + number}",
        order_number=f"ORD-{at - timedelta(days=20 + seed % 80):%Y%m%d}-{number:04}",
    )
    words = {
        "name": f"{first} {last}",
        "number": chance.randrange(1, 200),
        "day": f"{at:%d.%m.%Y}",
        "good": chance.choice(GOODS),
        "damage": chance.choice(DAMAGE),
        "order": about.order_number,
        "member": about.member_id,
    }
    mail = _head(chance, about, str(words["name"]), number)
    _fill(mail, chance, about, words, profile, number)
    multiparts = [p for p in mail.walk() if p.get_content_maintype() == "multipart"]
    for place, part in enumerate(multiparts):  # the library draws them by chance
        part.set_boundary(f"=_{seed:x}.{number:06}.{place}")
    return mail.as_bytes(), about


Message = email.message.EmailMessage


def _mails(profile: str, count: int, seed: int) -> Iterator[tuple[bytes, Fact]]:
    workers = min(os.cpu_count() or 1, 4)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(partial(make, profile, seed), range(count), chunksize=4)


def _kind(number: int) -> str:
    if number % 10 != 9:  # noqa: PLR2004 - one in ten
        return "claim"
    return ("question", "noise", "automatic")[number // 10 % 3]


def _head(chance: random.Random, about: Fact, name: str, number: int) -> Message:
    domain = about.sender.partition("@")[2]
    date = email.utils.format_datetime(about.at)
    mail = Message(policy=email.policy.SMTP)
    mail["Return-Path"] = f"<{about.sender}>"
    mail["Received"] = (
        f"from mx.{domain} (mx.{domain} [192.0.2.{number % 250}]) by {OUR_MX} (Postfix)"
        f" with ESMTPS id {chance.getrandbits(40):010X} for <{OURS}>; {date}"
    )
    mail["Authentication-Results"] = f"{OUR_MX}; dmarc=pass header.from={domain}"
    mail["Received"] = (
        f"from [198.51.100.{number % 250}] by mx.{domain} with ESMTPSA"
        f" id {chance.getrandbits(40):010x}; {date}"
    )
    signature = " ".join(chance.randbytes(32).hex() for _ in range(4))
    mail["DKIM-Signature"] = (
        f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=one;"
        f" h=from:to:subject:date; bh={chance.randbytes(22).hex()}; b={signature}"
    )
    mail["From"] = email.utils.formataddr((name, about.sender))
    mail["To"] = OURS
    mail["Date"] = date
    mail["Message-ID"] = f"<{chance.getrandbits(64):016x}.{number}@mail.example>"
    mail["X-Mailer"] = chance.choice(PROGRAMS)
    return mail


def _fill(
    mail: Message,
    chance: random.Random,
    about: Fact,
    words: dict[str, object],
    profile: str,
    number: int,
) -> None:
    is_small = profile == "small"
    least, most = SMALL_TEXT if is_small else CLAIM_TEXT
    text = _text(chance, words, chance.randrange(least, most))
    subject = f"{about.member_id}+{about.order_number}+Claim"
    match about.kind:
        case "claim":
            form = ("{}", "{}", "{}", "Fwd: {}", "AW: {}", "{} - broken")[number % 6]
            mail["Subject"] = form.format(subject)
            mail.set_content(text, cte=("8bit", "quoted-printable")[number % 3 > 0])
            if not is_small:
                if number % 4 == 0:
                    mail.add_alternative(_html(text), "html", cte="quoted-printable")
                _attach(mail, chance, about, words)
        case "question":
            ten = number // 10 * 10
            mail["Subject"] = f"Re: {subject}"
            mail["In-Reply-To"] = f"<{ten}@claims.example>"
            quoted = "".join(f"> {line}\n" for line in text.splitlines())
            news = f"Hello,\n\nhave you any news for me?\n\n{quoted}"
            mail.set_content(news, cte="quoted-printable")
        case "noise":
            mail["Subject"] = chance.choice(("News of November", "20 % off for you"))
            mail["List-Unsubscribe"] = "<mailto:leave@news.example>"
            mail["List-Id"] = "<news.example>"
            mail.set_content(text, cte="quoted-printable")
            mail.add_alternative(_html(text), "html", cte="quoted-printable")
        case _:
            mail["Subject"] = f"Automatic reply: {subject}"
            mail["Auto-Submitted"] = "auto-replied"
            away = f"I am not in the office until Monday.\n\n{text}"
            mail.set_content(away, cte="quoted-printable")


def _text(chance: random.Random, words: dict[str, object], size: int) -> str:
    lines = [sentence.format(**words) for sentence in SENTENCES]
    paragraphs = ["Dear claims team,"]
    while sum(map(len, paragraphs)) < size:
        paragraphs.append(" ".join(chance.sample(lines, 3)))
    paragraphs += [f"Kind regards\n{words['name']}", FOOTER.format(**words)]
    return "\n\n".join(paragraphs)


def _html(text: str) -> str:
    paragraphs = "".join(f"<p>{html.escape(p)}</p>" for p in text.split("\n\n"))
    style = "<style>p{font:14px Arial}</style>"
    return f"<!DOCTYPE html><html><head>{style}</head><body>{paragraphs}</body></html>"


def _attach(
    mail: Message, chance: random.Random, about: Fact, words: dict[str, object]
) -> None:
    order = about.order_number
    invoice = _invoice(chance, about, str(words["name"]))
    name = f"invoice_{order}.pdf"
    mail.add_attachment(invoice, "application", "pdf", filename=name)
    names = ["outer packaging.jpg", "broken contents.jpg"]
    if chance.random() < 0.5:  # noqa: PLR2004 - every second
        names.append(f"IMG_{about.at:%Y%m%d}_{chance.randrange(10**6):06}.jpg")
    total = chance.triangular(*PHOTOS_BYTES, PHOTOS_BYTES[1])
    for name in names:
        picture = _photograph(chance, about.at, total / len(names))
        mail.add_attachment(picture, "image", "jpeg", filename=name)
    mail.add_attachment(_order_mail(chance, about, str(words["name"])))


def _invoice(chance: random.Random, about: Fact, name: str) -> bytes:
    """Return a PDF of one page with a picture of noise, which gives it its size."""
    import fpdf  # noqa: PLC0415 - slow to import, and not needed for small mails
    from PIL import Image  # noqa: PLC0415 - as above

    pdf = fpdf.FPDF()
    pdf.set_creation_date(about.at)
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    prices = [chance.randrange(900, 9900) for _ in range(4)]
    goods = zip(chance.sample(GOODS, 4), prices, strict=True)
    for line in (
        "Harbour Lane Store - Invoice",
        f"Order number: {about.order_number}",
        f"Bill to: {name.encode('latin-1', 'replace').decode('latin-1')}",
        *(f"{good}   ${price / 100:.2f}" for good, price in goods),
        f"Total paid   ${sum(prices) / 100:.2f}",
    ):
        pdf.cell(text=line, new_x="LMARGIN", new_y="NEXT")
    side = int(PDF_BYTES**0.5)
    noise = Image.frombytes("L", (side, side), chance.randbytes(side * side))
    pdf.image(noise, x=150, y=10, w=40)
    return bytes(pdf.output())


def _photograph(chance: random.Random, at: datetime, size_bytes: float) -> bytes:
    """Return a JPEG of about this size: soft colours, edges, a sensor's noise."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - not needed for small mails

    width = int((size_bytes / BYTES_A_PIXEL * 4 / 3) ** 0.5) // 8 * 8
    height = width * 3 // 4 // 8 * 8
    coarse = Image.frombytes("RGB", (8, 6), chance.randbytes(8 * 6 * 3))
    image = coarse.resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(8):
        corners = [(chance.randrange(width), chance.randrange(height)) for _ in "abc"]
        draw.polygon(corners, fill=tuple(chance.randbytes(3)))
    grain = Image.frombytes("L", (width, height), chance.randbytes(width * height))
    image = Image.blend(image, Image.merge("RGB", (grain,) * 3), 0.35)
    exif = Image.Exif()
    exif[0x010F] = "Acme"
    exif[0x8769] = {0x9003: f"{at - timedelta(hours=2):%Y:%m:%d %H:%M:%S}"}
    file = io.BytesIO()
    image.save(file, "JPEG", quality=78, exif=exif)
    return file.getvalue()


def _order_mail(chance: random.Random, about: Fact, name: str) -> Message:
    mail = Message(policy=email.policy.SMTP)
    mail["From"] = "Harbour Lane Store <orders@harbourlane.example>"
    mail["To"] = email.utils.formataddr((name, about.sender))
    mail["Date"] = email.utils.format_datetime(about.at - timedelta(days=20))
    mail["Message-ID"] = f"<{about.order_number.lower()}@harbourlane.example>"
    mail["Subject"] = f"Your order {about.order_number} has been placed"
    goods = "".join(
        f"  1 x {good:<24} {chance.randrange(900, 9900) / 100:8.2f} USD\n"
        for good in chance.sample(GOODS, 4)
    )
    thanks = "Thank you for shopping with us. We hope to see you again soon. " * 25
    mail.set_content(
        f"Hello {name},\n\nthank you for your order.\n\n"
        f"Order number: {about.order_number}\nMember ID: {about.member_id}\n\n"
        f"{goods}\n{thanks}\n",
        cte="quoted-printable",
    )
    return mail


def main(arguments: list[str] | None = None) -> int:
    """Write a mailbox into a folder."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.boxes",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("profile", choices=PROFILES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-n", type=int, default=20, help="mails")
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args(arguments)
    args.folder.mkdir(parents=True)
    write(args.folder, args.profile, args.n, seed=args.seed)
    made = read(args.folder)
    size = made.size_bytes / max(1, len(made.facts))
    print(f"{len(made.facts)} mails of {size:,.0f} bytes in {made.mails}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
