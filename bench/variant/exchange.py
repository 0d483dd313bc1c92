"""One exchange of names, numbers and dates, the same wherever they stand."""

import csv
import io
import json
import random
import re
from datetime import date, timedelta
from decimal import Decimal
from email.utils import format_datetime, parsedate_to_datetime
from functools import partial
from typing import Any

from bench.variant import words

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.example", re.ASCII)
DOMAIN = re.compile(r"(?<![\w@.-])(?:[\w-]+\.)*[\w-]+\.example", re.ASCII)
ISO_DAY = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)(?=T|\b)")
MAIL_DATE = re.compile(
    r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} [A-Z][a-z]{2} 20\d\d"
    r"(?: at)? \d\d:\d\d(?::\d\d [+-]\d{4})?"
)
PRICE = re.compile(r"\$(\d{1,3}(?:,\d{3})*|\d+)\.(\d\d)\b")
LINE_WITH_PRICE = re.compile(r"(?m)^(?P<thing>[^\W\d_][^$\n:]*?) {2,}\$\d")
SHOP_LINE = re.compile(r"(?m)^From: *\"?(?P<shop>[^<\"\n]+?)\"? *<(?P<address>[^>]+)>")
SUMS = ("shipping", "total")
"""Lines with a price that are no goods."""
HOUSE = "logistics.example"
"""Our own domain, which the checker's settings name."""
MACHINES = re.compile(r"mailer-daemon|postmaster|no-?reply", re.IGNORECASE)
"""Local parts by which a machine is known; they stay, and their names too."""
PRICE_STYLES = ("${}", "US$ {}", "{} USD", "€{}", "£ {}", "CHF {}")
ORDER_STYLES = ("ORD-{}-{}", "{}-{}", "PO{}{}", "LX-{}{}")
MEMBER_STYLES = ("M{}", "KD-{}", "U{}X", "{}")


class Exchange:
    """What one seed makes of every text.

    Args:
        seed: another seed, another exchange.
        orders: the text of orders.csv, which says who and what there is.
    """

    def __init__(self, seed: int, orders: str) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - the same every time
        self.days = timedelta(days=7 * self._chance.randrange(9, 60))
        self.factor = Decimal(self._chance.randrange(11, 29)) / 10
        """Of every amount; of tenths, so that sums stay exact to the cent."""
        self._price_style = self._pick(PRICE_STYLES)
        self._order_style = self._pick(ORDER_STYLES)
        self._member_style = self._pick(MEMBER_STYLES)
        self._shops = self._chance.sample(words.SHOPS, len(words.SHOPS))
        self._goods = self._chance.sample(words.GOODS, len(words.GOODS))
        self._known: dict[str, str] = {}
        self._kept: dict[str, str] = {}
        self._shapes: dict[str, str] = {}
        rows = list(csv.DictReader(io.StringIO(orders)))
        people = self._chance.sample(words.PEOPLE, len(words.PEOPLE))
        for row, person in zip(rows, people, strict=False):
            self._learn_name(row["member_name"], person)
            self._shapes[_shape(row["member_id"])] = self._member_style
            self._shapes[_shape(row["order_number"])] = self._order_style
            if row["tracking_number"]:
                self._shapes[_shape(row["tracking_number"])] = "1Z{}{}"

    # -- texts --

    def learn(self, text: str) -> None:
        """Know the shops that a text's senders are, and the goods that it lists."""
        for match in SHOP_LINE.finditer(text):
            local, _, domain = match["address"].partition("@")
            if domain.endswith(HOUSE) or MACHINES.fullmatch(local):
                continue
            if match["shop"].casefold() not in self._known:
                self._know(match["shop"], self._shops.pop())
        for match in LINE_WITH_PRICE.finditer(text):
            thing = match["thing"].strip()
            is_new = thing.casefold() not in self._known
            if is_new and not thing.lower().startswith(SUMS):
                self._know(thing, self._goods.pop())

    def text(self, text: str) -> str:
        """Return a text with everything exchanged; a second time changes it again."""
        text = MAIL_DATE.sub(lambda m: self._moved_mail_date(m[0]), text)
        text = ISO_DAY.sub(self._moved_day, text)
        text = PRICE.sub(self._price, text)
        text = ADDRESS.sub(lambda m: self.address(m[0]), text)
        text = DOMAIN.sub(lambda m: self._domain(m[0]), text)
        for shape, style in self._shapes.items():
            text = re.sub(
                shape, partial(self._number, style), text, flags=re.IGNORECASE
            )
        if not self._known:
            return text
        longest_first = sorted(self._known, key=len, reverse=True)
        names = "|".join(re.escape(name) for name in longest_first)
        pattern = re.compile(rf"(?<!\w)(?:{names})(?!\w)", re.IGNORECASE)
        return pattern.sub(lambda m: self._known[m[0].casefold()], text)

    def filename(self, name: str) -> str:
        """Return a file name that says the same, with the same ending."""
        stem, dot, ending = name.rpartition(".")
        if not dot:
            stem, ending = name, ""
        said = words.ALIKE.get(stem, stem)
        for known in sorted(words.FILE_NAMES, key=len, reverse=True):
            if said.startswith(known):
                rest = self.text(said.removeprefix(known))
                other = self._same(f"file {said}", words.FILE_NAMES[known])
                return f"{other}{rest}{dot}{ending}".replace("/", "-")
        return self.text(name)

    def address(self, address: str) -> str:
        """Return the other address; ours stays."""
        local, _, domain = address.partition("@")
        if domain.endswith(HOUSE):
            return address
        if MACHINES.fullmatch(local):
            return f"{local}@{self._domain(domain)}"
        key = f"address {address.lower()}"
        if key not in self._kept:
            self._kept[key] = f"{self._word(local)}{self._digits(2)}"
        return f"{self._kept[key]}@{self._domain(domain)}"

    # -- files of the set --

    def csv(self, orders: str) -> str:
        """Return orders.csv with everything exchanged."""
        reader = csv.DictReader(io.StringIO(orders))
        held = io.StringIO()
        writer = csv.DictWriter(held, reader.fieldnames or ())
        writer.writeheader()
        for row in reader:
            writer.writerow({name: self._cell(name, row[name]) for name in row})
        return held.getvalue()

    def expectation(self, text: str) -> str:
        """Return expected.json with everything exchanged."""
        return json.dumps(self._exchanged(json.loads(text)), ensure_ascii=False)

    def _exchanged(self, value: Any, name: str = "") -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, dict):
            return {key: self._exchanged(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [self._exchanged(one) for one in value]
        return self._cell(name, value) if isinstance(value, str) else value

    def _cell(self, name: str, value: str) -> str:
        if name.endswith("_usd") and value:
            return f"{Decimal(value) * self.factor:.2f}"
        return self.text(value)

    # -- details --

    def _learn_name(self, name: str, person: str) -> None:
        """Know a member's whole name, and the ways in which it is cut short."""
        first, _, last = name.partition(" ")
        new_first, _, new_last = person.partition(" ")
        self._know(name, person)
        self._know(first, new_first)
        self._know(f"{first} {last[:1]}", f"{new_first} {new_last[:1]}")

    def _know(self, old: str, new: str) -> None:
        self._known.setdefault(old.casefold(), new)

    def _same(self, key: str, values: tuple[str, ...]) -> str:
        """Return what was picked for a key, or pick."""
        if key not in self._kept:
            self._kept[key] = self._pick(values)
        return self._kept[key]

    def _number(self, style: str, match: re.Match[str]) -> str:
        """Return the other id of one; a small letter stays small."""
        key = f"id {match[0].casefold()}"
        if key not in self._kept:
            count = style.count("{}")
            parts = [self._digits(6) for _ in range(count)]
            self._kept[key] = style.format(*parts)
        fresh = self._kept[key]
        return fresh.lower() if match[0].islower() else fresh

    def _domain(self, domain: str) -> str:
        """Return the other domain; only the label before `.example` is exchanged."""
        if domain.endswith(HOUSE):
            return domain
        *below, name, top = domain.lower().split(".")
        key = f"domain {name}"
        if key not in self._kept:
            self._kept[key] = f"{self._pick(words.DOMAINS)}{self._digits(3)}"
        return ".".join([*below, self._kept[key], top])

    def _price(self, match: re.Match[str]) -> str:
        amount = Decimal(match[0][1:].replace(",", "")) * self.factor
        return self._price_style.format(f"{amount:,.2f}")

    def _moved_day(self, match: re.Match[str]) -> str:
        day = date(int(match[1]), int(match[2]), int(match[3]))
        return (day + self.days).isoformat()

    def _moved_mail_date(self, written: str) -> str:
        day, at, clock = written.partition(" at ")
        if at:
            moved = parsedate_to_datetime(f"{day} 00:00:00 +0000") + self.days
            return f"{moved:%a, %d %b %Y} at {clock}"
        return format_datetime(parsedate_to_datetime(written) + self.days)

    def _pick(self, values: tuple[str, ...]) -> str:
        return self._chance.choice(values)

    def _word(self, text: str) -> str:
        return "".join(
            self._chance.choice("abdefgilmnoprstu") if c.isalpha() else c for c in text
        )

    def _digits(self, count: int) -> str:
        return "".join(str(self._chance.randrange(1, 10)) for _ in range(count))


def _shape(number: str) -> str:
    """Return what matches ids of the same form, also such as the directory lacks."""
    digits = re.sub(r"\d", r"\\d", re.escape(number))
    return rf"(?<![^\W_]){digits}(?!\w)"
