"""What has one id happened once, and what only looks alike happened twice."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.ledgers import MEI, Ledgers, bought, some_ledgers
from worker.adapters.store.points_books import PointsBooks
from worker.adapters.store.points_entries import Holder, Posted
from worker.adapters.store.points_ledger import PointsLedger
from worker.domain.points import EntryKind, PointsRefused
from worker.domain.policy import EarnBase, Lifetime, Policy

LEA = Holder("M10024", "eu")
Deed = Callable[[PointsLedger], Posted]


@pytest.fixture
def ledgers(database_url: str) -> Iterator[Ledgers]:
    with some_ledgers(database_url) as made:
        yield made
        made.check()


def test_ids_with_colons_are_told_apart(ledgers: Ledgers) -> None:
    ledger = ledgers.under()
    for number in ("A:B", "A"):
        ledger.place(MEI, bought(1000, number))

    ledger.review(MEI, "A:B", "C")
    other = ledger.review(MEI, "A", "B:C")

    assert not other.is_repeat
    assert ledger.balance(MEI) == 10


def test_ids_of_the_shop_are_told_apart_by_case(ledgers: Ledgers) -> None:
    ledger = ledgers.under()

    ledger.grant(MEI, "aB3", 20)
    other = ledger.grant(MEI, "Ab3", 20)

    assert not other.is_repeat
    assert ledger.balance(MEI) == 40


def test_orders_and_members_are_not_told_apart_by_case(ledgers: Ledgers) -> None:
    ledger = ledgers.under()
    ledger.place(MEI, bought(1000, "ORD-7"))
    ledger.confirm(MEI, "ORD-7")

    again = ledger.confirm(Holder("m10023", "eu"), "ord-7")

    assert again.is_repeat


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (
            lambda ledger: ledger.confirm(MEI, "ORD-1", 1000),
            lambda ledger: ledger.confirm(MEI, "ORD-1", 2000),
        ),
        (
            lambda ledger: ledger.grant(MEI, "g", 9),
            lambda ledger: ledger.grant(MEI, "g", 9, life=Lifetime(days=2)),
        ),
        (
            lambda ledger: ledger.adjust(MEI, "k", 9, by="jane", reason="goodwill"),
            lambda ledger: ledger.adjust(MEI, "k", 9, by="jane", reason="a mistake"),
        ),
    ],
    ids=["another price", "another life", "another reason"],
)
def test_the_same_id_with_other_content_is_refused(
    ledgers: Ledgers, first: Deed, then: Deed
) -> None:
    ledger = ledgers.under()
    ledger.place(MEI, bought(1000))
    first(ledger)

    assert first(ledger).is_repeat
    with pytest.raises(PointsRefused, match="something else"):
        then(ledger)


def test_what_is_told_after_its_last_day_counts_nothing(ledgers: Ledgers) -> None:
    long_ago = ledgers.clock.now() - timedelta(days=900)

    posted = ledgers.under().verify(MEI, at=long_ago)

    assert posted.balance == 0
    assert [entry.kind for entry in posted.entries] == [
        EntryKind.EMAIL_VERIFIED,
        EntryKind.EXPIRED,
    ]


def test_returns_take_back_no_more_than_was_earned_under_whatever_policy(
    ledgers: Ledgers,
) -> None:
    ledgers.give(5000)
    ledgers.under().redeem(MEI, "r", bought(10_000), 5000)
    earned = ledgers.under().confirm(MEI, "ORD-1").points(EntryKind.ORDER_CONFIRMED)

    ledgers.under().give_back(MEI, "first", "ORD-1", 5000)
    changed = ledgers.under(earn_base=EarnBase.PRICE_BEFORE_POINTS)
    changed.give_back(MEI, "second", "ORD-1", 5000)

    with ledgers.database.read() as session:
        taken = session.scalars(
            sa.text(
                "select coalesce(sum(-points), 0) from points_entries"
                " where kind = 'earned_deducted'"
            ).columns(sa.column("taken", sa.Integer))
        ).one()
    assert earned == taken == 50


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (
            """insert into points_orders (site, order_key, account_id, product_cents,
            points_used, earned, returned_cents, points_back, deducted)
            select site, order_key, account_id, 1, 0, 0, 0, 0, 0 from points_orders""",
            "order_of_another",
        ),
        (
            """insert into points_entries (account_id, key, kind, points, noted, at,
            day, policy_version, actor, reason, data) select account_id, key, kind, 0,
            0, at, day, 'v', 'a', '', data from points_entries""",
            "key_reused",
        ),
    ],
)
def test_what_another_wrote_at_the_same_moment_is_refused_in_words(
    ledgers: Ledgers, statement: str, code: str
) -> None:
    """As PostgreSQL tells it, where the other's rows were not to be seen before."""
    ledger = ledgers.under()
    ledger.place(MEI, bought(1000))
    ledger.verify(MEI)

    books = PointsBooks(ledgers.database, clock=ledgers.clock, policy=Policy())
    with pytest.raises(PointsRefused) as refused, books.opened(LEA) as book:
        book.session.execute(sa.text(statement))

    assert refused.value.code == code
