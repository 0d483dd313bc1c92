"""Hints at exclusions: each from its fact, with its evidence, and none without."""

import dataclasses
from decimal import Decimal

import pytest

from tests.builders import a_package
from worker.domain.clauses import CLAUSES
from worker.domain.exclusions import (
    CARRIER_EVENTS,
    CATEGORIES,
    NOTHING_KNOWN,
    History,
    codes,
    hints,
)
from worker.domain.orders import Package


def package(**changes: object) -> Package:
    return dataclasses.replace(a_package(), **changes)  # type: ignore[arg-type]


def found(
    one: Package | None, history: History = NOTHING_KNOWN
) -> list[tuple[str, str]]:
    return [(hint.clause, hint.code) for hint in hints(one, history)]


def test_a_package_of_which_nothing_is_known_hints_at_nothing() -> None:
    assert found(package()) == []
    assert found(None) == []
    assert found(package(goods_category="books", carrier_events=("scanned",))) == []


@pytest.mark.parametrize(
    ("category", "clause"), [("perishable", "X1"), ("temperature_sensitive", "X3")]
)
def test_X1_and_X3_goods_of_a_kind_hint_at_their_own_nature(
    category: str, clause: str
) -> None:
    (hint,) = hints(package(goods_category=category), NOTHING_KNOWN)

    assert hint.clause == clause
    assert category in hint.evidence
    assert "must be the cause" in hint.text


@pytest.mark.parametrize("name", CARRIER_EVENTS)
def test_each_event_of_the_carrier_hints_at_its_clause(name: str) -> None:
    """X2, X4, X5, X7, X9, X11, X12, X13 and X14."""
    (hint,) = hints(package(carrier_events=(name,)), NOTHING_KNOWN)

    assert hint.clause == CARRIER_EVENTS[name].clause
    assert hint.code == f"carrier_{name}"
    assert name in hint.evidence


def test_X5_a_refusal_because_of_damage_is_no_missing_signature() -> None:
    """Clause C4 allows it."""
    assert found(package(carrier_events=("no_signature",))) == [
        ("X5", "carrier_no_signature")
    ]
    assert found(package(carrier_events=("no_signature", "refused_damaged"))) == []


@pytest.mark.parametrize(
    ("ordered", "member", "differs"),
    [
        ("Hafenstr. 3, 20095 Hamburg", "Hafenstr. 4, 20095 Hamburg", True),
        ("Hafenstr. 3, 20095 Hamburg", "HAFENSTR 3 20095 HAMBURG", False),
        ("Kärntner Ring 1", "Karntner Ring 1", False),
        (None, "Hafenstr. 4", False),
        ("Hafenstr. 3", None, False),
    ],
)
def test_X8_addresses_are_compared_without_their_punctuation(
    ordered: str | None, member: str | None, *, differs: bool
) -> None:
    one = package(delivery_address=ordered, profile_address=member)

    assert found(one) == ([("X8", "address_differs")] if differs else [])


def test_X6_the_history_of_a_member_hints_from_its_limits_on() -> None:
    three = ("CLM-000001", "CLM-000002", "CLM-000003")

    assert found(None, History(claims=three[:2], bounced=1)) == []
    assert found(
        None, History(claims=three, bounced=2, photographs_of_others=("CLM-000009",))
    ) == [
        ("X6", "many_claims"),
        ("X6", "mail_bounced"),
        ("X6", "photo_of_another_member"),
    ]


def test_hints_come_in_the_order_of_the_clauses_and_have_known_codes() -> None:
    one = package(
        goods_category="perishable",
        carrier_events=tuple(CARRIER_EVENTS),
        delivery_address="a",
        profile_address="b",
        actual_weight_kg=Decimal(1),
    )

    every = found(one, History(bounced=2))

    numbers = [int(clause[1:]) for clause, _ in every]
    assert numbers == sorted(numbers)
    assert {code for _, code in every} <= codes()


def test_every_exclusion_but_market_prices_can_be_suggested() -> None:
    """X10: value is the price at purchase, so nothing in the record hints at it."""
    suggested = {str(one.clause) for one in CARRIER_EVENTS.values()}
    suggested |= {str(clause) for clause, _, _ in CATEGORIES.values()} | {"X6", "X8"}

    every = {clause for clause in CLAUSES if clause.startswith("X")}
    assert every - suggested == {"X10"}
