"""The labelled set: what it holds, and that reading a sample of it does no harm."""

import itertools
from collections import Counter

import pytest

from tests.fixtures.mail import PARTS, TELLINGS, Half, by_hand, make
from tests.fixtures.mail.label import SEEN, Score
from tests.fixtures.mail.stories import STORIES
from tests.reading import read

SAMPLE = 19
"""Of the building half every so-manieth case: no two of the same story."""


@pytest.mark.slow
def test_a_sample_of_the_building_half_is_read_without_harm() -> None:
    sample = make(Half.BUILDING, every=SAMPLE)

    harmful = [one for one in read(sample) if one.score is Score.HARMFUL]

    assert [(one.case.name, one.row, one.got) for one in harmful] == []


@pytest.mark.slow
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
    first, second = PARTS[Half.BUILDING], PARTS[Half.HELD_OUT]

    for name in ("shops", "programs", "machines"):
        keys = [{one.key for one in getattr(half, name)} for half in (first, second)]
        assert keys[0].isdisjoint(keys[1])
    assert set(first.voices) & set(second.voices) == {"en"}
    assert len({*first.voices, *second.voices}) >= 12


def test_the_fresh_set_shares_no_shop_no_program_and_no_machine() -> None:
    fresh = PARTS[Half.FRESH]

    for half in (PARTS[Half.BUILDING], PARTS[Half.HELD_OUT]):
        for name in ("shops", "programs", "machines"):
            keys = [{one.key for one in getattr(x, name)} for x in (fresh, half)]
            assert keys[0].isdisjoint(keys[1])
    assert len(fresh.voices) >= 12


def test_the_set_has_two_hundred_mails_and_more() -> None:
    machines = sum(len(half.machines) for half in PARTS.values())

    assert len(PARTS) * TELLINGS * len(STORIES) + machines + len(by_hand()) >= 200


def test_every_case_has_an_order_of_its_own() -> None:
    made = [make(half, every=23) for half in Half]
    cases = [*itertools.chain.from_iterable(made), *by_hand()]

    numbers = Counter(o.order_number for case in cases for o in case.orders)

    assert max(numbers.values()) == 1


def test_a_verdict_that_asks_the_member_again_is_harmful_where_it_was_there() -> None:
    assert SEEN.score("provisional") is Score.RIGHT
    assert SEEN.score("missing") is Score.HARMFUL
    assert SEEN.score("waived") is Score.HARMLESS
