"""What the words of a mail mean: kinds of claim, withdrawals, words on files.

Words only propose. What they leave open is `unknown`, and staff choose.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from worker.domain import lexicon, partial
from worker.domain.claim import ClaimType
from worker.domain.lexicon import Terms, fold, partly, spread

TEXT_CHARACTERS = 10_000
"""What a person writes about a parcel is shorter; the rest is not read for words."""
_NAME_LENGTH = 60
"""A longer text is no title. Our choice."""


def claim_type(
    own_text: str, subject: str, *, was_delivered: bool | None
) -> tuple[ClaimType, str]:
    """Return what the member says happened, and the words that say it.

    The mail's own words decide, and the subject where they say nothing or several
    things. Where words are silent or speak of a loss beside something else, a package
    that was never delivered is a total loss. Damage outweighs a missing item: both
    need the same documents and an audit. "Never arrived" against a delivery in the
    directory stays `unknown`: clause C11 leaves a disputed scan to a person.

    Args:
        own_text: what the person wrote, without quotes and forwarded mails.
        subject: the mail's subject.
        was_delivered: whether the directory has a delivery or collection; None when
            the package is not known.

    Source: clauses C5, C11, G3, G4, G7; DESIGN section 4 (Type).
    """
    said = _kinds(own_text)
    also = _kinds(subject)
    kinds = set(said) or set(also)
    if len(kinds) > 1 and len(kinds & also.keys()) == 1:
        kinds &= also.keys()
    words = ", ".join(f'"{word}"' for word in (said or also).values())
    chosen = _choose(kinds, was_delivered=was_delivered)
    if was_delivered is None:
        return chosen, words
    record = "a delivery" if was_delivered else "no delivery"
    return chosen, f"{words or 'no words'}; the directory has {record}"


def tells_of_harm(own_text: str, subject: str) -> bool:
    """Return whether the mail says that something was lost or damaged."""
    return bool(_kinds(own_text) or _kinds(subject))


def disputes_delivery(own_text: str, subject: str) -> bool:
    """Return whether the mail says that the whole package never came."""
    kinds = _kinds(own_text) or _kinds(subject)
    return kinds.keys() == {ClaimType.TOTAL_LOSS}


def names_a_claim(text: str) -> bool:
    """Return whether a text speaks of a claim or a complaint."""
    return lexicon.CLAIM.search(_read(text)) is not None


def is_withdrawal(own_text: str) -> bool:
    """Return whether the member takes the claim back, in one plain clause.

    A question, a condition or a denial is not one. In doubt it is not: a withdrawn
    claim is closed, an open one costs only a look.
    """
    return any(
        lexicon.WITHDRAW.search(clause)
        and lexicon.CLAIM.search(clause)
        and not lexicon.UNSURE.search(clause)
        and not lexicon.NOT.search(clause)
        for clause in _clauses(own_text)
        if not clause.endswith("?")
    )


def names_packaging(text: str) -> bool:
    """Return whether a file name or caption speaks of the outer packaging."""
    return lexicon.PACKAGING.search(_spread(text)) is not None


def names_contents(text: str) -> bool:
    """Return whether a file name or caption speaks of what was inside."""
    return lexicon.CONTENTS.search(_spread(text)) is not None


def names_goods(text: str) -> bool:
    """Return whether it speaks of goods or of damage: weaker than `names_contents`."""
    return lexicon.GOODS.search(_spread(text)) is not None


def names_invoice(text: str) -> bool:
    """Return whether a text speaks of an invoice, a receipt or a transaction."""
    return _invoice_word(_spread(text)) is not None


def is_titled_offer(title: str) -> bool:
    """Return whether a title calls its paper a quotation or a pro forma invoice."""
    return lexicon.OFFERED.search(_spread(title)) is not None


def is_titled_notification(title: str) -> bool:
    """Return whether a title calls its paper a notification before an invoice."""
    words = _spread(title)
    notice = lexicon.NOTIFICATION.search(words)
    invoice = _invoice_word(words)
    return notice is not None and (invoice is None or notice.start() < invoice.start())


def names_notification(text: str) -> bool:
    """Return whether a text says that an order was placed, confirmed or shipped."""
    return lexicon.NOTIFICATION.search(_spread(text)) is not None


def names_an_order(text: str) -> bool:
    """Return whether a text speaks of an order at all."""
    return lexicon.ORDER.search(_spread(text)) is not None


def names_photographs(text: str) -> bool:
    """Return whether a file name speaks of pictures."""
    return lexicon.PHOTOGRAPHS.search(_spread(text)) is not None


def names_a_screenshot(text: str) -> bool:
    """Return whether a file name says that it is a picture of a screen."""
    return lexicon.SCREENSHOTS.search(_spread(text)) is not None


# -- kinds of claim ---------------------------------------------------------------

_CLAUSE = re.compile(
    r"[.!,;:\n\t()。、،؛।]+|(?<=[?؟])"
    r"|\b(?:but|and|when|while|because|since|aber|und|als|weil|wahrend|mais|et|quand"
    r"|lorsque|pero|cuando|quando|maar|toen|mas|но|когда|ale|gdy|och|og|mutta|dar"
    r"|але|коли|ama|fakat|لكن|ولكن|اما|ولي|אבל|tetapi|tapi|nhung|αλλα)\b"
    r"|लेकिन|परंतु|แต่|しかし|하지만|그런데"
)
_NUMBER_SIGN = re.compile(r"\b(?:no|nr)[.:#]* (?=#?[a-z-]{0,6}\d)")
_MISSING_OBJECT = re.compile(
    r"\bmissing (?:the|a|an|my|one|two|three|some|several|\d)\b"
)
_LITTLE_WORDS = (
    r"(?:\W+(?:been|be|being|is|was|were|a|an|the|any|at|all|even|really|visibly|badly"
    r"|seriously|sign|signs|of|ist|war|wurde|worden|der|die|das|est|ete|etait|de|en"
    r"|ha|sido|estado|esta|estaba|fue|e|stato|stata|is|geraakt|foi|estava|jest|byla"
    r"|byl|zostala|zostal|este|a|fost|je|bio|bila|bylo|var|blev|ble|blivit|ειναι|ηταν|был|была|было)\b){0,3}"
)
_ONE_MORE = (
    r"(?:\W+\w+\W+(?:or|nor|oder|noch|ou|ni|of|eller|ani|czy|lub|или|ані|чи|veya))?"
)
"""Of a denied pair: "nothing is broken or missing"."""
_NEAR = 60
_NEVER_ARRIVED = "mai "
"""Italian, and the only arrival that is told without a word of the lists below."""
_TELLING = (
    lexicon.DAMAGE
    | lexicon.INCOMPLETE
    | lexicon.MISSING
    | lexicon.LOST
    | lexicon.ARRIVED
    | lexicon.CAME
    | partly.IN_PARCEL
)
"""Whatever says what happened has a word of these, and most clauses have none."""
_NOT_OR_NEVER = lexicon.NOT | lexicon.NEVER
_NOT_AFTER = re.compile(
    r"\W{0,2}(?:degil|yok|gormemis|नहीं|[はが]?ありませ|なし|し?て(?:い|お)?(?:ませ|な|ら)"
    r"|되지 않|없)"
    r"|\W{1,2}(?:nichts|niets|rien|inget|ingenting|intet|nothing)\b|s[iu]z\b"
)


@cache
def _denied(words: Terms) -> re.Pattern[str]:
    """A denial by one of these at the end of what stands before a word."""
    denied = rf"(?:{words.pattern}){_LITTLE_WORDS}{_ONE_MORE}"
    return re.compile(rf"(?:{denied}\W*|\b[uo]n)\Z")


@cache
def _never_came_words() -> re.Pattern[str]:
    """A denied arrival, in either order of words."""
    never, arrived = _NOT_OR_NEVER.pattern, lexicon.ARRIVED.pattern
    return re.compile(
        rf"(?:{never})(?:\W+\w+){{0,3}}?\W+(?:{arrived})"
        rf"|(?:{lexicon.CAME.pattern})(?:\W+\w+){{0,5}}?\W+(?:{never})"
        rf"|\b{_NEVER_ARRIVED}(?:arriv|ricev|consegn)"
    )


@lru_cache(maxsize=32)
def _kinds(text: str) -> Mapping[ClaimType, str]:
    """The kinds that a text speaks of, each with the first words that say so.

    A mail is asked four times; looking takes longer than all else about it.
    """
    found: dict[ClaimType, str] = {}
    for clause in _clauses(text):
        if _TELLING.search(clause) or _NEVER_ARRIVED in clause:
            for kind, words in _kinds_of(clause):
                found.setdefault(kind, words)
    for sentence in partial.sentences(_read(text)):
        excepted = partial.excepted(sentence)
        if excepted is not None and _never_came(sentence):
            excepted = None
        if part := excepted or partial.fewer(sentence):
            found.setdefault(ClaimType.PARTIAL_LOSS, part)
    return found


def _kinds_of(clause: str) -> Iterator[tuple[ClaimType, str]]:
    damage = next(_stated(lexicon.DAMAGE, clause), None)
    if damage and not lexicon.WEB.search(clause):
        yield ClaimType.DAMAGE, damage
    if short := next(_stated(lexicon.INCOMPLETE, clause), None):
        yield ClaimType.PARTIAL_LOSS, short
    elif lexicon.PAPER.search(clause) and not lexicon.PARCEL.search(clause):
        return
    elif some := partial.only_some(clause):
        yield ClaimType.PARTIAL_LOSS, some
    elif missing := next(_stated(lexicon.MISSING, clause), None):
        is_whole = lexicon.PARCEL.search(clause) and not _is_in_parcel(clause)
        yield _loss(is_part=not is_whole), missing
    elif lost := next(_stated(lexicon.LOST, clause), None) or _never_came(clause):
        is_part = partial.has_any((lexicon.SOME, lexicon.OUT_OF), clause)
        yield _loss(is_part=is_part), lost
    elif absent := partial.not_in_parcel(clause):
        yield ClaimType.PARTIAL_LOSS, absent


def _loss(*, is_part: bool) -> ClaimType:
    return ClaimType.PARTIAL_LOSS if is_part else ClaimType.TOTAL_LOSS


def _is_in_parcel(clause: str) -> bool:
    """Whether something in the parcel is missing, not the parcel itself."""
    signs: tuple[Terms | re.Pattern[str], ...] = (
        lexicon.INSIDE,
        lexicon.OUT_OF,
        lexicon.SOME,
        lexicon.ITEM,
        _MISSING_OBJECT,
    )
    return any(sign.search(clause) for sign in signs)


def _stated(words: Terms, clause: str) -> Iterator[str]:
    """The words that a clause states and does not deny: not "not damaged".

    Words of a loss may hold their denial ("ulaşmadı"): a NEVER beside it denies none.
    """
    denied = _denied(_NOT_OR_NEVER if words is lexicon.DAMAGE else lexicon.NOT)
    for found in words.finditer(clause):
        before = clause[max(0, found.start() - _NEAR) : found.start()]
        after = clause[found.end() :]
        if not denied.search(before) and not _NOT_AFTER.match(after):
            yield found[0]


def _never_came(clause: str) -> str | None:
    found = _never_came_words().search(clause)
    return found[0] if found and not lexicon.INTACT.search(clause) else None


def _choose(kinds: set[ClaimType], *, was_delivered: bool | None) -> ClaimType:
    if was_delivered is False and (not kinds or ClaimType.TOTAL_LOSS in kinds):
        return ClaimType.TOTAL_LOSS
    if ClaimType.TOTAL_LOSS in kinds and not was_delivered:
        is_alone = len(kinds) == 1
        return ClaimType.TOTAL_LOSS if is_alone else ClaimType.UNKNOWN
    for kind in (ClaimType.DAMAGE, ClaimType.PARTIAL_LOSS):
        if kind in kinds:
            return kind
    return ClaimType.UNKNOWN


@lru_cache(maxsize=8)
def _clauses(text: str) -> tuple[str, ...]:
    """Pieces of sentences, so that a "not" denies only what stands beside it."""
    plain = _NUMBER_SIGN.sub("", _read(text))
    return tuple(clause for clause in _CLAUSE.split(plain) if clause and clause.strip())


def _read(text: str) -> str:
    return fold(text[:TEXT_CHARACTERS])


def _spread(text: str) -> str:
    return spread(text[:TEXT_CHARACTERS])


def _invoice_word(words: str) -> re.Match[str] | None:
    named = lexicon.INVOICE.search(words)
    is_title = len(words) <= _NAME_LENGTH and not lexicon.NO_INVOICE.search(words)
    if named is None and is_title:
        named = lexicon.INVOICE_NAME.search(words)
    return named
