"""The labelled set: what it holds, and that reading a sample of it does no harm."""

from collections import Counter

import pytest

from tests.fixtures.mail import Half, by_hand, make
from tests.fixtures.mail.label import SEEN, Case, Score
from tests.reading import read

SAMPLE = 7
"""Of the building half every seventh case: no two of the same story."""
KNOWN_MISSES = frozenset({"one-photo-twice"})
"""Stories of which some tellings are still read harmfully."""


def traits(cases: tuple[Case, ...], name: str) -> set[str]:
    return {case.traits[name] for case in cases if case.traits.get(name)}


def test_a_sample_of_the_building_half_is_read_without_harm() -> None:
    sample = make(Half.BUILDING, every=SAMPLE)

    harmful = [
        one
        for one in read(sample)
        if one.score is Score.HARMFUL
        and one.case.traits["situation"] not in KNOWN_MISSES
    ]

    assert [(one.case.name, one.row, one.got) for one in harmful] == []


def test_the_odd_mails_written_by_hand_are_read_right() -> None:
    answers = list(read(by_hand()))

    wrong = [
        (one.case.name, one.row, one.got)
        for one in answers
        if one.score is not Score.RIGHT
    ]
    assert wrong == []
    assert len({one.case.name for one in answers}) == len(by_hand())


@pytest.mark.parametrize("half", Half)
def test_the_same_seed_makes_the_same_mails(half: Half) -> None:
    first, second = (make(half, every=29) for _ in range(2))

    assert first == second


def test_the_halves_share_no_shop_no_program_and_no_language_but_english() -> None:
    halves = [make(half, every=3) for half in Half]

    for name, shared in (("shop", set()), ("program", {"machine"})):
        assert traits(halves[0], name) & traits(halves[1], name) == shared
    languages = [traits(cases, "language") - {""} for cases in halves]
    assert languages[0] & languages[1] <= {"en"}
    assert len(languages[0] | languages[1]) >= 12


def test_every_case_has_an_order_of_its_own() -> None:
    cases = (*make(Half.BUILDING, every=5), *make(Half.HELD_OUT, every=5), *by_hand())

    numbers = Counter(o.order_number for case in cases for o in case.orders)

    assert max(numbers.values()) == 1


def test_a_verdict_that_asks_the_member_again_is_harmful_where_it_was_there() -> None:
    assert SEEN.score("provisional") is Score.RIGHT
    assert SEEN.score("missing") is Score.HARMFUL
    assert SEEN.score("waived") is Score.HARMLESS
