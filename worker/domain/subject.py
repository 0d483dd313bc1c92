"""Ids in a subject line or a body: what to ask the order directory, never certainty.

The grammar is permissive on purpose. Shops number as `M104233`, `#100234`,
`2024-AB-123` or with plain digits, so everything that looks like an id is a candidate
and only a pair that the directory confirms is believed (DESIGN section 4).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from worker.domain.claim import reference
from worker.domain.orders import normal_id

SUBJECT_CHARACTERS = 1_000
"""Source: RFC 5322 §2.1.1, a line has at most 998 characters."""
BODY_CHARACTERS = 20_000
"""About eight printed pages; ids stand at the top of a mail."""
MOST_CANDIDATES = 50
MOST_PAIRS = 60
"""Bounds what one hostile mail can make the directory answer."""

_ID = r"#?[A-Za-z0-9](?:[A-Za-z0-9_/.#-]{0,38}[A-Za-z0-9])?"


@dataclass(frozen=True, slots=True)
class IdPatterns:
    """What a whole member id and a whole order number look like; matched in full.

    Compile them without regard to case, and so that they run in linear time.
    """

    member: re.Pattern[str]
    order: re.Pattern[str]


_ANY_ID = re.compile(rf"(?=.{{2,40}}\Z)(?=\D*\d){_ID}")
PERMISSIVE = IdPatterns(member=_ANY_ID, order=_ANY_ID)
"""Two to forty letters, digits and `-_/.#`, with a digit."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Ids that a text may mean, the likeliest first.

    `is_strict` says that the text has the form of clause C6, `member+order+claim`;
    then several orders are several claims (EX-77). Otherwise one word may be in both
    lists. `names_claim` says that the word "claim" is there.
    """

    members: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    is_strict: bool = False
    names_claim: bool = False


@dataclass(frozen=True, slots=True)
class SubjectReading:
    """What a subject says.

    `claim_id` is the number of our own suffix `[#CLM-000012]`: a hint for routing,
    never an authority.
    """

    candidates: Candidates
    claim_id: int | None = None
    is_reply: bool = False


def read_ids(subject: str, patterns: IdPatterns = PERMISSIVE) -> SubjectReading:
    """Return the ids of a subject: the strict form of C6, else every candidate.

    Reply and forward prefixes in the common languages, tags such as `[EXTERNAL]` and
    quotes are taken off first. Trailing words are fine: `M1+ORD-1+Claim (urgent!)`.

    Source: clause C6, EX-72 ... EX-77; DESIGN section 4 (Subject).
    """
    text = _clean(subject, SUBJECT_CHARACTERS)
    bare, is_reply = _without_prefixes(text)
    ours = _OUR_REFERENCE.search(bare)
    bare = _OUR_REFERENCE.sub(" ", bare).strip()
    return SubjectReading(
        candidates=_strict(bare, patterns) or _tolerant_subject(bare, patterns),
        claim_id=None if ours is None else int(ours[1]),
        is_reply=is_reply,
    )


def candidates_in(text: str, patterns: IdPatterns = PERMISSIVE) -> Candidates:
    """Return the ids that a body may mean: labelled ones first, then bare ones.

    A bare word must look like an id; dates, prices, times, telephone numbers,
    addresses and links do not. A line with two plus signs is read like a subject.
    """
    plain = _clean(text, BODY_CHARACTERS)
    found = _candidates(plain, _bare_ids(plain), patterns)
    for line in islice(_LINE_OF_SUBJECT.finditer(text[:BODY_CHARACTERS]), _MOST_LINES):
        found = together(found, read_ids(line[0], patterns).candidates)
    return found


def pairs(candidates: Candidates) -> tuple[tuple[str | None, str], ...]:
    """Return (member, order) in the order in which to ask, at most sixty.

    Ask for the order and believe it when its member `is_among` the candidates. Every
    order comes once before any comes twice. The member is None where no other word is
    left for it: that order is found, but nothing confirms it yet. Swapped pairs come
    last, for `order+member+claim`.
    """
    firsts, others = [], []
    for order in candidates.orders:
        members = [m for m in candidates.members if not same_id(m, order)]
        firsts.append((members[0] if members else None, order))
        others += [(member, order) for member in members[1:]]
    swapped = [(o, m) for o in candidates.orders for m in candidates.members]
    asked = dict.fromkeys(
        chain(firsts, others, [(o, m) for o, m in swapped if not same_id(o, m)])
    )
    return tuple(asked)[:MOST_PAIRS]


def together(first: Candidates, second: Candidates) -> Candidates:
    """Return both: a subject whose missing part stands in the body.

    The first one's ids stay in front; the result is strict only where the first is.
    """
    return Candidates(
        members=_distinct([*first.members, *second.members]),
        orders=_distinct([*first.orders, *second.orders]),
        is_strict=first.is_strict,
        names_claim=first.names_claim or second.names_claim,
    )


def is_among(member_id: str, candidates: Candidates) -> bool:
    """Return whether the mail named this member, in either place."""
    wanted = normal_id(member_id)
    named = (*candidates.members, *candidates.orders)
    return any(normal_id(one) == wanted for one in named)


def same_id(one: str, other: str) -> bool:
    """Return whether two ids are the same but for case, spaces, width and dashes."""
    return normal_id(one) == normal_id(other)


# -- cleaning -------------------------------------------------------------------

_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_LINE_OF_SUBJECT = re.compile(
    r"^[^\n+＋﹢]{1,60}[+＋﹢][^\n+＋﹢]{1,60}[+＋﹢][^\n]{1,60}$", re.MULTILINE
)
_MOST_LINES = 3
_PLUS = "\u02d6\u1429\u2214\u2295\u2795\u271a\u271b\u271c"
_DASH = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u2e3a\u2e3b\u30fc"
_QUOTE = "\"'`\u00ab\u00b4\u00bb\u2018-\u201f\u2039\u203a\u300c-\u300f"
_LIKE_PLUS = re.compile(f"[{_PLUS}]|%2[bB]|&#43;|&plus;")
_LIKE_DASH = re.compile(f"(?<=[A-Za-z0-9 ])[{_DASH}](?=[A-Za-z0-9 ])")
_DIGIT = re.compile(r"(?![0-9])\d")
_LATIN = str.maketrans("АВЕКМНОРСТУХΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEKMHOPCTYXABEZHIKMNOPTYX")
_LIKE_LATIN = re.compile(
    r"(?<!\w)[АВЕКМНОРСТУХΑΒΕΖΗΙΚΜΝΟΡΤΥΧ]{1,4}(?=-?[0-9])", re.IGNORECASE
)
_LIKE_SPACE = re.compile(f"[{_QUOTE}]|%20")

_REPLY = (
    "re|res|ref|r|aw|antw|antwort|sv|svar|vs|vb|ynt|odp|rif|ha|ang|bls"
    "|r[ée]p|v[áa]|yan|atb|ats|odg|odpove[ďd]|rasp|răsp|trả lời|balas|απ|σχετ|відп"
    "|відповідь|одг|отг|ответ|отв|השב|תשובה|رد|پاسخ|उत्तर|ตอบ(?:กลับ)?"
    "|回复|回覆|答复|答覆|返信|답장|회신"
)
_FORWARD = (
    "fw|fwd|i|wg|wtr|vl|vid[ae]rebef|doorst|rv|reenv|tr|trs|enc|pd|[iİ]lt|fs|ri|p|na"
    "|weitergeleitet|tov[áa]bb[íi]t[áa]s|továb|tov|redir|nosūtīt|chuyển tiếp|teruskan"
    "|preposl|přeposl|prosl|proslijeđeno|проследено|препр|прд|переслати|προώθ|πρθ"
    "|пересл(?:ать)?|пересылаемое сообщение|הועבר|إعادة توجيه|ارجاع|अग्रेषित|ส่งต่อ"
    "|转发|轉寄|转寄|轉發|転送|전달|extern(?:al)?|fyi|urgent"
)
_PREFIX = re.compile(
    rf"(?:[\[(<]?(?:(?P<reply>{_REPLY})|{_FORWARD})\.?"
    r" ?(?:[\[(^*]\d{1,3}[\])]?|(?<=[a-z]{2})\d{1,3}|(?<=[a-z]{2} )\d{1,3})? ?:"
    r"|[\[({<](?![^\])}>]{0,40}claim)[^\])}>\d]{1,40}[\])}>]"
    r"|\*{1,5}[a-z ]{1,20}\*{1,5}) ?",
    re.IGNORECASE,
)
_OUR_REFERENCE = re.compile(
    r"\[?#?\b" + reference(0).partition("-")[0] + r"-(\d{1,12})\b\]?", re.IGNORECASE
)


def _clean(text: str, limit: int) -> str:
    """NFKC, nothing invisible, one plus, one dash, no quotes, single spaces.

    Digits of all scripts are read, and Cyrillic or Greek letters that look like Latin
    ones where they begin an id: `М104233` was typed on another keyboard.
    """
    text = unicodedata.normalize("NFKC", text[:limit].replace("№", " No "))[:limit]
    text = _DIGIT.sub(lambda found: str(unicodedata.decimal(found[0])), text)
    text = _LIKE_LATIN.sub(lambda found: found[0].upper().translate(_LATIN), text)
    text = _LIKE_PLUS.sub("+", _INVISIBLE.sub("", text))
    text = _LIKE_SPACE.sub(" ", _LIKE_DASH.sub("-", text))
    return " ".join(text.split())


def _without_prefixes(text: str) -> tuple[str, bool]:
    """The text behind its prefixes, and whether one of them says "reply"."""
    is_reply, start = False, 0
    while found := _PREFIX.match(text, start):
        start = found.end()
        is_reply |= found["reply"] is not None
    return text[start:], is_reply


# -- the strict form ------------------------------------------------------------

_CLAIM = re.compile(r"(?<![A-Za-z])claims?(?![A-Za-z])", re.IGNORECASE)
_MOST_PARTS = 22


def _strict(text: str, patterns: IdPatterns) -> Candidates | None:
    parts = [part.strip(" <>()[]{}") for part in text.split("+", _MOST_PARTS)]
    ends = [at for at, part in enumerate(parts) if _CLAIM.match(part)]
    if not ends or ends[0] < len(("member", "order")):
        return None
    member, *orders = parts[: ends[0]]
    is_well_formed = patterns.member.fullmatch(member) is not None and all(
        patterns.order.fullmatch(order) for order in orders
    )
    if not is_well_formed:
        return None
    return Candidates(
        members=_distinct(_spellings(member)),
        orders=_distinct([*orders, *chain.from_iterable(map(_spellings, orders))]),
        is_strict=True,
        names_claim=True,
    )


def _spellings(text: str) -> Iterator[str]:
    """An id as it is, without the sign for number, and with dashes for other signs."""
    yield text
    bare = text.strip("#")
    yield bare
    yield re.sub(r"[_/.]+", "-", bare)


# -- tolerant forms -------------------------------------------------------------

_MEMBER = (
    r"member(?:ship)?|customer|client|account|user|mitglied(?:er|s)?|kunden?"
    r"|membre|adh[ée]rent|compte|miembro|socio|cliente|usuario|membro|utente"
    r"|lid(?:maatschaps)?|klant(?:en)?|s[óo]cio|участник\w{0,3}|клиент\w{0,3}"
    r"|член\w{0,3}|cz[łl]onk\w{0,4}|klient\w{0,3}|uczestnik\w{0,3}|[üu]yelik|[üu]ye"
    r"|m[üu][şs]teri|medlems?|kund(?:e|en)?|j[äa]sen"
    r"|člen\w{0,3}|zákazn[ií]\w{0,3}|členské|tag(?:sági)?|ügyfél|vásárlói?|membru\w{0,4}"
    r"|clientului|клієнт\w{0,3}|учасник\w{0,3}|член\w{0,3}|član\w{0,4}|kup(?:ac|ca)"
    r"|члан\w{0,4}|купца|μέλο(?:ς|υς)|πελάτη\w?|πελάτης|asiakas|jäsen|العضوية|العضو"
    r"|عضوية|العميل|الزبون|عضویت|مشتری|חבר|לקוח|सदस्य(?:ता)?|ग्राहक|सदस्यता"
    r"|สมาชิก|ลูกค้า|thành viên|khách hàng|hội viên|anggota|keanggotaan|pelanggan|ahli"
    r"|会员|會員|会員|客户|客戶|顧客|お客様|회원|고객"
)
_ORDER = (
    r"orders?|purchase|bestell(?:ungs?)?|auftrags?|commande|pedido|orden|compra"
    r"|ordine|bestelling|bestel|encomenda|заказ\w{0,2}|zam[óo]wieni\w{1,2}"
    r"|sipari[şs]|ordre|best[äa]llnings?|tilaus"
    r"|objedn[áa]v\w{1,3}|(?:meg)?rendelés(?:i|e)?|comen(?:zii|zi)|comand[aă]|поръчка\w{0,3}"
    r"|замовлен\w{1,2}|narudžb\w|porudžbin\w|наруџб\w|поруџбин\w|παραγγελ[ίι]α\w?"
    r"|الطلبية|الطلب|طلبية|سفارش|ההזמנה|הזמנה|ऑर्डर|คำสั่งซื้อ|ออเดอร์|การสั่งซื้อ|đơn hàng"
    r"|đặt hàng|pesanan|pembelian|tilauksen|订单|訂單|订购|ご?注文|オーダー|주문"
)
_KIND = (
    r"id|nos?|nr|num|number|numbers|nummern?|num[ée]ro|n[uú]mero|numer[oyu]?|nro|n[°ºo]"
    r"|#|№|codes?|c[óo]digo|codice|ref|reference|identifiant|numaras\w"
    r"|č[ií]sl[oae]|szám(?:a|ú)?|azonosító|număr(?:ul)?|nr|broj|број|αριθμ[όο]ς|κωδικ[όο]ς"
    r"|رقم|معرف|کد|شماره|شناسه|מספר|מס|מזהה|नंबर|संख्या|आईडी|หมายเลข|เลขที่|รหัส|mã số|mã|số"
    r"|nomor|kode|nombor|tunnus|nummeret|номер\w{0,2}|ид|号码?|號碼?|编号|編號|番号|번호|아이디|コード|카드"
)
_OF = r"de la|de l|del|della|dell|des|der|de|du|do|da|di|d|of|van|la|le|for"
_SAYS = r"is|are|was|lautet|ist|est|es|è|é|это|to|jest|wynosi"
_FILLER = rf"(?: ?[:=|()<>\[\]*,.#-]| (?:{_SAYS})(?= )|[是为為は은는])"
_LETTERS_APART = r"[A-Za-z]{1,6} "
"""Letters apart from their number: `ORD 4711`."""
_VALUE = (
    rf"(?P<id>(?:{_LETTERS_APART})?(?=[A-Za-z#_/.-]{{0,12}}\d)"
    r"[A-Za-z0-9#][A-Za-z0-9_/.#-]{0,39}"
    r"(?: (?=[A-Za-z]{0,6}\d)[A-Za-z0-9]{1,20}(?![A-Za-z0-9@:])){0,3})"
)


def _labelled(word: str) -> re.Pattern[str]:
    """`word kind` (Order number, Bestellnummer) or `kind of word` (numéro de ...)."""
    # Mails are compared in NFKC, which takes a Thai vowel apart.
    word = unicodedata.normalize("NFKC", word)
    # The rest of a longer word (order|ed on, Bestel|lungen) is no prefix of a number.
    return re.compile(
        rf"(?<![A-Za-z])(?:(?:{word})(?:[ -]?(?:{_KIND})(?![a-z])"
        rf"|(?!(?<=[a-z]){_LETTERS_APART}))"
        rf"|(?:{_KIND})\.? ?(?:(?:{_OF})\b ?)?(?:{word}))"
        rf"{_FILLER}{{0,4}} ?{_VALUE}",
        re.IGNORECASE,
    )


_LABELLED_MEMBER = _labelled(_MEMBER)
_LABELLED_ORDER = _labelled(_ORDER)
_TOKEN = re.compile(r"#?[A-Za-z0-9]+(?:[_/.#-]+[A-Za-z0-9]+)*")
_LETTERS = re.compile(r"[A-Za-z]{1,4}")
_DATE = re.compile(
    r"\d{4}[./-]\d{1,2}[./-]\d{1,2}(?:T\d\d.*)?"
    r"|\d{1,2}[./-]\d{1,2}[./-](?:\d{2}|\d{4})"
)
_ORDINARY = re.compile(
    rf"{_DATE.pattern}"
    r"|\d{1,3}(?:\.\d{3})+(?:\.\d{1,2})?|\d{1,9}\.\d{1,2}"  # prices and weights
    r"|\d{1,2}(?:st|nd|rd|th|am|pm|h|kg|g|cm|mm|x|k|€)"
    r"|00\d{8,}"
)
_TELEPHONE = re.compile(r"\+\d[\d ()/.-]{6,20}")
_NO_ID = re.compile(r"@|://|\A(?:www\.|[$€£¥₽])|[$€£¥₽%円元]\Z", re.IGNORECASE)
_GLUED = re.compile(r"[/_]|-.{1,40}-.{1,40}-")
_BARE_LENGTH = 4
_MOST_PIECES = 8
_MOST_TOKENS = 1_000
_MOST_JOINED = 4


def _tolerant_subject(text: str, patterns: IdPatterns) -> Candidates:
    """Every word with a digit, then parts of words, then words put together."""
    words = _TOKEN.findall(text.replace("+", " "))[:_MOST_TOKENS]
    parts = [_TOKEN.findall(part) for part in text.split("+", _MOST_PARTS)]
    whole = filter(_has_digit, words)
    unspaced = ["".join(part) for part in parts if len(part) > 1 and _is_run(part)]
    inside = chain.from_iterable(map(_spans, filter(_is_glued, words)))
    return _candidates(text, [*whole, *inside, *unspaced, *_joined(words)], patterns)


def _candidates(text: str, bare: Iterable[str], patterns: IdPatterns) -> Candidates:
    bare = [*chain.from_iterable(map(_spellings, _likeliest_first(bare)))]
    members = chain.from_iterable(map(_forms, _values(_LABELLED_MEMBER, text)))
    orders = chain.from_iterable(map(_forms, _values(_LABELLED_ORDER, text)))
    return Candidates(
        members=_distinct(filter(patterns.member.fullmatch, [*members, *bare])),
        orders=_distinct(filter(patterns.order.fullmatch, [*orders, *bare])),
        names_claim=_CLAIM.search(text) is not None,
    )


def _values(label: re.Pattern[str], text: str) -> Iterator[str]:
    for count, found in enumerate(label.finditer(text)):
        if count == MOST_CANDIDATES:
            return
        value: str = found["id"]
        if not _DATE.fullmatch(value.rpartition(" ")[2]):  # "ordered on 3.11.2026"
            yield value


def _forms(value: str) -> Iterator[str]:
    """One labelled value as it may be stored: `ORD 2026 0183` is `ORD-2026-0183`."""
    words = _TOKEN.findall(value)
    if len(words) > 1 and _LETTERS.fullmatch(words[0]):
        yield from _joined(words)
    yield from (word for word in words if _has_digit(word))
    yield from _joined(words)
    yield "".join(words)


def _joined(words: list[str]) -> Iterator[str]:
    """Runs of neighbours with dashes, longest first: the dashes became spaces."""
    for size in range(_MOST_JOINED, 1, -1):
        for at in range(len(words) - size + 1):
            run = words[at : at + size]
            if _is_run(run):
                yield "-".join(run)


def _is_run(words: list[str]) -> bool:
    """Whether words may be one id: `ORD 2026 0183` may, `number ORD-2026` may not."""
    first, *others = words
    is_start = _LETTERS.fullmatch(first) is not None or _has_digit(first)
    return is_start and all(word[0].isdigit() for word in others)


def _spans(word: str) -> Iterator[str]:
    """Parts of `M1-ORD-2026-0183-Claim`, longest first: the plus became a dash."""
    pieces = re.split(r"([_/.#-]+)", word)
    if len(pieces) > 2 * _MOST_PIECES:
        return
    for size in range(len(pieces) - 2, 0, -2):
        for at in range(0, len(pieces) - size + 1, 2):
            span = "".join(pieces[at : at + size])
            if _has_digit(span) and not _CLAIM.search(span):
                yield span


def _bare_ids(text: str) -> Iterator[str]:
    """Words of a body that look like ids; a glued form also in its parts."""
    found = 0
    for chunk in _TELEPHONE.sub(" ", text).replace("+", " ").split():
        if _NO_ID.search(chunk):
            continue
        for word in _TOKEN.findall(chunk):
            if found == _MOST_TOKENS:
                return
            found += 1
            parts = _spans(word) if _is_glued(word) else ()
            yield from filter(_is_bare_id, [word, *parts])


def _likeliest_first(words: Iterable[str]) -> list[str]:
    """Words of letters and digits, or of many digits, before other numbers."""
    kept = [word for word in words if not _ORDINARY.fullmatch(word)]
    return sorted(kept, key=lambda word: not _looks_numbered(word))


def _looks_numbered(word: str) -> bool:
    has_letter = any(map(str.isalpha, word))
    return has_letter or "-" in word or len(word) > _BARE_LENGTH


def _is_glued(word: str) -> bool:
    """Whether a word may be several: `M1/ORD-1`, `M1-ORD-2026-0183`, `M1-77-Claim`."""
    return _GLUED.search(word) is not None or _CLAIM.search(word) is not None


def _is_bare_id(word: str) -> bool:
    return len(word) >= _BARE_LENGTH and _has_digit(word)


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))


def _distinct(ids: Iterable[str]) -> tuple[str, ...]:
    by_normal: dict[str, str] = {}
    for one in ids:
        by_normal.setdefault(normal_id(one), one)
        if len(by_normal) == MOST_CANDIDATES:
            break
    return tuple(by_normal.values())
