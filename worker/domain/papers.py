"""Papers: what a text shows of an order and of money, for clause C7.

A proof of purchase shows contents and value; a notification carries the order number.
Both are written in every shop's own way, so numbers and sums are found tolerantly.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice, zip_longest

from worker.domain import lexicon
from worker.domain.lexicon import fold


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum as a text writes it; `currency` is the sign or code there, if any."""

    value: Decimal
    currency: str | None


@dataclass(frozen=True, slots=True)
class TextReading:
    """What one text shows towards clause C7: order number, contents and value.

    `other_orders` are numbers of the same shape as the order's, when it is not named
    itself; `item_lines` counts lines of goods with their price; `totals` are the
    amounts beside a word for the total.
    """

    names_order: bool
    other_orders: tuple[str, ...]
    amounts: tuple[Amount, ...]
    item_lines: int
    totals: tuple[Amount, ...]

    @property
    def has_total(self) -> bool:
        """Return whether a sum stands beside a word for the total."""
        return bool(self.totals)

    @property
    def lists_contents(self) -> bool:
        """Return whether goods and more than one price, or a total, are there."""
        return self.item_lines > 0 and (len(self.amounts) > 1 or self.has_total)


READ_CHARACTERS = 20_000
"""Some eight pages. Our choice."""
_MOST_LINES = 1_000
_MOST_AMOUNTS = 200


def read_text(text: str, order_number: str) -> TextReading:
    """Return what a text shows of an order and of money.

    An order number is found with other dashes, spaces or a line break inside, and
    where a PDF's line from right to left has its letters behind the digits. Another
    number counts as an order's only where its shape and its letters agree with ours,
    or, for plain digits, where a word for "order" stands before it.
    """
    plain = _plain(text[:READ_CHARACTERS])
    number = _number_pattern(order_number)
    names_order = number.search(plain) is not None
    others = () if names_order else tuple(_other_orders(plain, order_number))
    # Letters of the number may be a currency: TRY-1002 is no sum of money.
    priced = number.sub(" ", plain)
    lines = [line.strip() for line in priced.split("\n") if line.strip()][:_MOST_LINES]
    return TextReading(
        names_order=names_order,
        other_orders=others,
        amounts=tuple(_amounts(priced)),
        item_lines=sum(_item_lines(lines)),
        totals=tuple(_totals(lines)),
    )


def amounts_in(text: str) -> tuple[Amount, ...]:
    """Return the sums of a text in order, at most 200.

    Understands $135.00, 135,00 €, US$ 1.234,56, EUR 10, 1'234.50 CHF, 1 234,50 zł,
    ￥4,500, 1,200(円), MXN $120 and 100元. A number without a currency is a sum when it
    has two decimals.
    """
    return tuple(_amounts(_plain(text[:READ_CHARACTERS])))


def _plain(text: str) -> str:
    return _DASHES.sub("-", fold(text))


def _amounts(plain: str) -> Iterator[Amount]:
    for match in islice(_AMOUNT.finditer(plain), _MOST_AMOUNTS):
        number = match["number"] or match["other"] or match["bare"]
        yield Amount(_decimal(number), _currency(match, plain))


def _currency(match: re.Match[str], plain: str) -> str | None:
    """The sign or code of an amount; of `MXN $120` and `$120 MXN` it is the code."""
    sign = match["before"] or match["after"]
    if sign is None:
        return None
    named = _DOLLARS.match(plain, match.end()) if sign == "$" else None
    named = named or _DOLLARS.match(sign)
    return sign.strip(" .") if named is None else named["code"]


_DASHES = re.compile("[\u2010-\u2015\u2212]")
_DOLLAR_CODES = "usd|cad|aud|nzd|hkd|sgd|twd|mxn|ars|clp|cop"
_DOLLARS = re.compile(rf" ?(?P<code>{_DOLLAR_CODES})(?![a-z]| ?\d)")
"""Behind `$120`: whose dollars or pesos they are."""
_SIGN = (
    rf"(?<![a-z])(?:{_DOLLAR_CODES}) ?\$"
    r"|(?:us|hk|nt|au|ca|a|c|s|r|mx)?\$|[€£¥₩₽₺₹₴₪₫฿₱₸₨]"
    r"|(?<![a-z])(?:usd|eur|gbp|jpy|cny|rmb|hkd|chf|sfr|aud|cad|sgd|twd|krw|rub|pln|sek"
    r"|nok|dkk|czk|huf|try|inr|brl|mxn|zl|kr|kc|ft|tl|fr|euros?"
    r"|dollars?|ron|lei|bgn|uah|rsd|isk|aed|sar|egp|qar|kwd|ils|nis|thb|baht|vnd|dong|idr"
    r"|rp|myr|rm|php|nzd|zar|ars|clp|cop|kzt|pkr|rs|forint|zlotych|kron(?:or|er)|lira|yen"
    r"|won|yuan|rupees?|rupiah|ringgit|pounds?|pesos|reais|libras)(?![a-z])\.?"
    r"|руб\w{0,3}\.?|грн\.?|гривен\w?|лв\.?|дин\.?|ευρω|евро|درهم|ريال|جنيه|دينار|ليره"
    r"|تومان|يورو|دولار|שח|ש\"ח|रुपये|रुपए|रु\.?|บาท|เหรียญ|人民币|港币|港幣|新台币|新臺幣|유로|달러"
)
_QUANTITY = (
    r"\d{1,3} ?"
    r"(?:(?:us|hk|nt|au|ca|a|c|s|r|mx)?\$|[£¥₩₹₱฿]|(?:usd|twd|hkd|rp|rm|rs)\b) ?\d"
)
"""A count before a price whose sign stands in front: `2 NT$2,330`."""
_GROUPED = r"\d{1,3}(?:[.,' ]\d{3}){1,3}(?:[.,]\d{1,2})?(?!\d)"
_NUMBER = rf"(?:{_GROUPED}|\d{{1,9}}(?:[.,]\d{{1,2}})?(?!\d))"
_AMOUNT = re.compile(
    rf"(?P<before>{_SIGN}) ?-?(?P<number>{_NUMBER})"
    rf"|(?<![\d.,])(?!{_QUANTITY})(?P<other>{_NUMBER})[ (]{{0,2}}"
    rf"(?P<after>{_SIGN}|[元円圓원])"
    r"|(?<![\w.,:/-])(?P<bare>\d{1,6}(?:[.,]\d{3})?[.,]\d{2})"
    r"(?![\w.,:/%-]| ?(?:kg|cm|mm|g|%|uhr))"
)
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_RUNS = re.compile(r"[^\W\d_]+|\d+|[\W_]+")
_RIGHT_TO_LEFT = r"(?<=[\u0590-\u06ff] )"
"""Behind such a word PDFium puts the letters of `AB-123` behind: `-123AB`."""
_LONG_NUMBER = 8
"""From this length on a line break inside a number is believed. Our choice."""


def _number_pattern(order_number: str) -> re.Pattern[str]:
    """The number as a text may write it: its separators, a space or nothing."""
    plain = _plain(order_number)
    is_long = sum(map(str.isalnum, plain)) >= _LONG_NUMBER
    within = r"\n?" if is_long else ""
    parts = [
        within.join(map(re.escape, run)) if run[0].isalnum() else r"[\s_./#-]{0,3}"
        for run in _RUNS.findall(plain)
    ]
    straight, turned = "".join(parts), "".join((*parts[1:], parts[0]))
    return re.compile(
        rf"(?<![a-z0-9])(?:{straight}|{_RIGHT_TO_LEFT}{turned})(?![a-z0-9])"
    )


def _other_orders(plain: str, order_number: str) -> Iterator[str]:
    runs = _RUNS.findall(_plain(order_number))
    shape = "".join(map(_run_shape, range(len(runs)), runs))
    has_letters = any(run[0].isalpha() for run in runs)
    before = "" if has_letters else rf"(?:{lexicon.ORDER.pattern})[^\W\d]*\W{{0,4}}"
    filler = "" if has_letters else r"(?:[^\W\d]{1,12}\W{1,4}){0,2}?"
    pattern = rf"(?<![a-z0-9]){before}{filler}(?P<id>{shape})(?!-?[a-z0-9])"
    for found in re.finditer(pattern, plain):
        yield found["id"]


def _run_shape(at: int, run: str) -> str:
    """Digits by their count; the first letters as they are, later ones by count."""
    if run[0].isdigit():
        return rf"\d{{{len(run)}}}"
    if run[0].isalpha():
        return re.escape(run) if at == 0 else rf"[^\W\d_]{{{len(run)}}}"
    return r"[ _./#-]{1,3}"


def _item_lines(lines: list[str]) -> Iterator[bool]:
    """For each line whether it is goods with a price, beside it or on the next line."""
    before = ""
    for line in lines:
        words = _AMOUNT.sub(" ", line)
        has_price = words != line and not lexicon.OFFER.search(line)
        name = words if _LETTERS.search(words) else before
        yield has_price and _is_goods(name)
        if words != line:
            before = ""
        elif _LETTERS.search(line):
            before = line


def _is_goods(name: str) -> bool:
    is_sum = lexicon.TOTAL.search(name) or lexicon.CHARGES.search(name)
    return _LETTERS.search(name) is not None and not is_sum


def _totals(lines: list[str]) -> Iterator[Amount]:
    """The amounts of each line with a total: beside the word, else on the next line."""
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        if lexicon.TOTAL.search(line):
            yield from list(_amounts(line)) or _amounts(f"{line} {following}")


def _decimal(number: str) -> Decimal:
    """`1.234,56`, `1,234.56`, `1'234.50` and `1 234,50` are all 1234.56 or alike."""
    bare = number.replace("'", "").replace(" ", "")
    at = max(bare.rfind("."), bare.rfind(","))
    is_decimal = at >= 0 and len(bare) - at - 1 <= 2  # noqa: PLR2004 - cents
    whole = bare[:at] if is_decimal else bare
    cents = bare[at + 1 :] if is_decimal else "0"
    return Decimal(f"{re.sub(r'[.,]', '', whole)}.{cents}")
