"""The table of transitions: complete, closed, and refused outside of it."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.claim import FINAL_STATES, ClaimState, Event
from worker.domain.errors import IllegalTransition
from worker.domain.lifecycle import (
    FATES_OF_MAILS,
    STAFF,
    TRANSITIONS,
    PayoutState,
    Role,
    diagram,
    may,
    next_state,
    payout_state,
    states_before,
)

DOCS = Path(__file__).parents[2] / "docs" / "lifecycle.md"
NUMBERS = {f"T{number}" for number in range(1, 29)} | {"T9b"}
S = ClaimState


def test_every_transition_of_the_terms_has_its_line() -> None:
    listed = {n for one in TRANSITIONS for n in one.number.split(", ")}

    assert listed | FATES_OF_MAILS.keys() == NUMBERS


def test_no_event_has_two_lines() -> None:
    events = [one.event for one in TRANSITIONS]

    assert len(events) == len(set(events))


@pytest.mark.parametrize("state", ClaimState)
@pytest.mark.parametrize("event", Event)
def test_what_the_table_has_not_is_refused(state: ClaimState, event: Event) -> None:
    ways = [one.ways for one in TRANSITIONS if one.event is event and one.ways]

    if ways and state not in ways[0]:
        with pytest.raises(IllegalTransition):
            next_state(state, event)
        assert state not in states_before(event)
    else:
        assert next_state(state, event) is (ways[0][state] if ways else state)


@given(st.lists(st.sampled_from(list(Event)), max_size=60))
def test_no_sequence_of_events_leads_out_of_what_is_over_for_good(
    events: list[Event],
) -> None:
    """A withdrawn or merged claim stays so; what was promised is paid or appealed."""
    state, was = ClaimState.INTAKE, ClaimState.INTAKE
    for event in events:
        try:
            state = next_state(state, event)
        except IllegalTransition:
            continue
        if was in {S.WITHDRAWN, S.MERGED}:
            assert state is was
        if was in {S.APPROVED, S.APPROVED_PARTIAL, S.PAYOUT_PENDING, S.PAYOUT_FAILED}:
            assert state in {was, S.PAYOUT_PENDING, S.PAYOUT_FAILED, S.COMPLETED_PAID}
        was = state


def test_from_every_open_state_a_person_can_bring_the_claim_to_an_end() -> None:
    """None is stuck: some chain of events ends it."""
    reached = set(FINAL_STATES)
    for _ in ClaimState:
        for one in TRANSITIONS:
            if Role.AGENT in one.who or not one.who.isdisjoint(STAFF | {Role.SYSTEM}):
                reached |= {b for b, a in one.ways.items() if b and a in reached}

    assert reached == set(ClaimState)


def test_every_state_is_reached_by_some_event() -> None:
    after = {state for one in TRANSITIONS for state in one.ways.values()}

    assert after == set(ClaimState)


def test_a_rejection_and_a_payment_are_never_the_systems() -> None:
    """Promise 5: a machine never rejects."""
    for event in (Event.REJECTED, Event.APPROVED, Event.APPROVED_PARTIAL):
        assert not may(frozenset({Role.SYSTEM, Role.MEMBER}), event)
        assert not may(frozenset({Role.AGENT}), event)
        assert may(frozenset({Role.LEAD}), event)
    for event in (Event.PAYOUT_DONE, Event.DOCS_EXPIRED, Event.WITHDRAWN):
        assert not may(frozenset({Role.SYSTEM}), event)


def test_the_state_of_the_money_is_apart_from_the_claims() -> None:
    assert payout_state(S.UNDER_REVIEW) is PayoutState.NONE
    assert payout_state(S.APPROVED_PARTIAL) is PayoutState.DUE
    assert payout_state(S.PAYOUT_FAILED) is PayoutState.FAILED
    assert payout_state(S.COMPLETED_REJECTED) is PayoutState.NONE


def test_the_diagram_in_the_docs_is_drawn_from_the_table() -> None:
    (drawn,) = re.findall(r"```mermaid\n(.*?)```", DOCS.read_text(), re.DOTALL)

    assert drawn == diagram()
