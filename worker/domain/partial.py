"""What tells that a part of an order did not come: counts, exceptions, an empty place.

Works on folded text; see `lexicon.fold`. In doubt nothing is told: a claim whose type
is unknown is a person's to look at, and one of the wrong type is answered wrongly.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

from worker.domain import lexicon
from worker.domain.lexicon import Terms, partly

_NEAR = 60
"""Characters beside a word that are looked at. Our choice."""
_SENTENCE = re.compile(r"[^.!?;\n。؟।]+[?؟]?")
_QUESTION_MARKS = ("?", "؟")
_PIECE_END = re.compile(r"[,:()،、，]")
_LAST_PIECE = re.compile(r"(?:\A|[,:()،、，])[^,:()،、，]*\Z")
_IF = re.compile(
    r"\W*(?:if|wenn|falls|si|se|als|indien|om|jesli|если|якщо|pokud|eger)\b"
)
_IDIOM = re.compile(r"\b(?:y|e|et)\s+\Z|(?:それ|これ|遅れ|遅延)\Z")
"""Before a word for an exception: "sano y salvo", "sain et sauf", "それ以外"."""
_REST = re.compile(r"\b(?:the (?:rest|last|others?)|der rest|le reste|el resto)\b")
_THING = re.compile(r"\s*\w|\s*'")
_NOUN = re.compile(r"\s*(\w{3,})")
_WORD_BEFORE = re.compile(r"\w+\W{1,3}\Z")
_WORDS_BEHIND = re.compile(
    r"(?:\W{0,2}(?<![,:;])(?!(?:im|in|i|en|dans|nel|nella|w|v|u|в|em|na|no)\b)\w+){0,2}"
)
_COUNTS_COMPARED = 2


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences that tell of something that came, without what they ask."""
    came = (lexicon.ARRIVED, lexicon.CAME, partly.HAS_COME)
    for whole in _SENTENCE.findall(text):
        # "Only 4 of 6 came, where are the others?" asks behind its last comma.
        is_asked = whole.endswith(_QUESTION_MARKS)
        sentence = _LAST_PIECE.sub("", whole) if is_asked else whole
        if has_any(came, sentence) and not _IF.match(sentence):
            yield sentence


def only_some(clause: str) -> str | None:
    """Return what tells that so many of more arrived: "only got 2 of the 3 mugs"."""
    has_come = lexicon.ARRIVED.search(clause) or lexicon.CAME.search(clause)
    found = partly.ONLY_SOME.search(clause) if has_come else None
    if found is None or clause.endswith(_QUESTION_MARKS):
        return None
    about = clause[found.start() : found.end() + _NEAR // 2]
    return None if _is_of_mails(about) else found[0]


def not_in_parcel(clause: str) -> str | None:
    """Return what tells that goods are not there: "there is no charger in the box"."""
    if clause.endswith(_QUESTION_MARKS) or not partly.IN_PARCEL.search(clause):
        return None
    found = partly.absent().search(clause)
    if found is None:
        return None
    goods = found["goods"] or found["behind"] or found["chinese"]
    others = (lexicon.DAMAGE, lexicon.MISSING, lexicon.PAPER)
    no_goods = (lexicon.PACKAGING, lexicon.PARCEL, lexicon.CLAIM, partly.NO_GOODS)
    is_other = any(words.search(clause) for words in others)
    return None if is_other or has_any(no_goods, goods) else found[0]


def excepted(sentence: str) -> str | None:
    """Return what excepts something from all that came: "all came except the lamp"."""
    found, everything = partly.EXCEPT.search(sentence), partly.ALL.search(sentence)
    if found is None or everything is None:
        return None
    about = sentence[min(everything.start(), found.start()) :]
    behind = sentence[found.end() : found.end() + _NEAR]
    is_idiom = _IDIOM.search(sentence[: found.start()]) or not _THING.match(behind)
    excepted = _PIECE_END.split(behind, maxsplit=1)[0]
    is_other = (
        is_idiom
        or partly.NO_EXCEPTION.search(excepted)
        or _is_of_mails(_PIECE_END.split(about, maxsplit=1)[0])
        or _is_of_mails(excepted)
    )
    return None if is_other else found[0]


def fewer(sentence: str) -> str | None:
    """Return the count of those that came, told with a greater one, and no third.

    "4 of 5 items came", "I ordered three mugs and got two", "of six mugs only five".
    """
    counts = list(islice(partly.COUNT.finditer(sentence), _COUNTS_COMPARED + 1))
    if len(counts) != _COUNTS_COMPARED or _REST.search(sentence):
        return None
    first, second = counts
    if _is_of_mails(_around(sentence, first, second)):
        return None
    if any(partly.NO_THINGS.search(_beside(sentence, one)) for one in counts):
        return None
    is_fewer = (
        _is_share if partly.value_of(first) < partly.value_of(second) else _is_rest
    )
    if partly.value_of(first) == partly.value_of(second) or not is_fewer(
        sentence, first, second
    ):
        return None
    return min(counts, key=partly.value_of)[0]


def has_any(lists: Iterable[Terms], text: str) -> bool:
    """Return whether a text has a term of any of these lists."""
    return any(words.search(text) for words in lists)


# -- private ------------------------------------------------------------------------


def _is_share(sentence: str, first: re.Match[str], second: re.Match[str]) -> bool:
    """Whether the first count is of the second: "4 of 5 items came"."""
    words = _count_words()
    before = sentence[max(0, first.start() - _NEAR) : first.start()]
    after = sentence[second.end() : second.end() + _NEAR]
    is_of = partly.OF.fullmatch(sentence[first.end() : second.start()])
    return is_of is not None and bool(
        words.came_before.search(before) or words.comes_soon.match(after)
    )


def _is_rest(sentence: str, first: re.Match[str], second: re.Match[str]) -> bool:
    """Whether so few of the first count came: the verb stands beside the second."""
    words = _count_words()
    before = sentence[max(first.end(), second.start() - _NEAR) : second.start()]
    after = sentence[second.end() : second.end() + _NEAR]
    got, comes = words.got.search(before), words.comes.match(after)
    with_noun = words.comes_with_noun.match(after)
    if words.only.search(before):
        return bool(got or comes or with_noun) and not words.not_only.search(before)
    is_of_first = (
        partly.ORDERED.search(sentence)
        or partly.OF_ALL.search(sentence[: first.start()][-_NEAR:])
        or partly.OUT_OF_THESE.match(sentence[first.end() :])
    )
    nouns = {
        one[1][:4] if (one := _NOUN.match(sentence[c.end() :])) else ""
        for c in (first, second)
    }
    is_same = len(nouns) == 1 and "" not in nouns
    is_bare = is_same or partly.BARE.match(after)
    is_told = comes or (got and is_bare) or (with_noun and is_same)
    return bool(is_of_first and is_told)


@dataclass(frozen=True, slots=True)
class _CountWords:
    """What tells by its place beside a count that so many came."""

    only: re.Pattern[str]
    not_only: re.Pattern[str]
    got: re.Pattern[str]
    comes: re.Pattern[str]
    comes_with_noun: re.Pattern[str]
    came_before: re.Pattern[str]
    comes_soon: re.Pattern[str]


@cache
def _count_words() -> _CountWords:
    came = (lexicon.ARRIVED | lexicon.CAME | partly.HAS_COME).pattern
    only, helping = partly.ONLY.pattern, partly.HELPING
    # Classifiers of Chinese, Japanese and Korean stand between number and verb.
    comes = rf"\s*(?:[^\W\da-z]{{0,4}}){helping}{{0,3}}\s*(?:{came})"
    return _CountWords(
        only=re.compile(rf"(?:{only})\w{{0,4}}(?:\W+\w+){{0,3}}\W*\Z"),
        not_only=re.compile(rf"(?:{lexicon.NOT.pattern})\W*(?:{only})"),
        got=re.compile(rf"(?:{came})\w*(?:{partly.LITTLE}|\W+(?:{only})){{0,3}}\W*\Z"),
        comes=re.compile(comes),
        comes_with_noun=re.compile(rf"(?:\s*\w+){{1,2}}?{helping}{{0,3}}\s*(?:{came})"),
        came_before=re.compile(rf"(?:{came})\w*(?:\W+\w+){{0,3}}\W*\Z"),
        comes_soon=re.compile(rf"\w{{0,6}}(?:\s+\w+){{0,5}}?\s*(?:{came})"),
    )


def _around(sentence: str, first: re.Match[str], second: re.Match[str]) -> str:
    """Two counts with what is said before and behind them, up to a comma."""
    before = sentence[max(0, first.start() - _NEAR // 2) : first.start()]
    after = sentence[second.end() : second.end() + _NEAR // 2]
    start = _PIECE_END.split(before)[-1]
    end = _PIECE_END.split(after, maxsplit=1)[0]
    return start + sentence[first.start() : second.end()] + end


def _beside(sentence: str, count: re.Match[str]) -> str:
    """The word before a count and the two behind it."""
    before = _WORD_BEFORE.search(
        sentence[max(0, count.start() - _NEAR) : count.start()]
    )
    behind = _WORDS_BEHIND.match(sentence[count.end() : count.end() + _NEAR])
    return f"{before[0] if before else ''}, {behind[0] if behind else ''}"


def _is_of_mails(text: str) -> bool:
    return has_any((lexicon.PAPER, lexicon.PHOTOGRAPHS, partly.MAILS), text)
