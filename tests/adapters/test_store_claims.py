"""Claims in SQL: versions, events without gaps, files, verdicts, firings, alerts."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from worker.adapters.clock import StillClock
from worker.adapters.migrations import upgrade
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import Settled, Store, Work
from worker.domain.claim import Claim, ClaimEvent, ClaimState, ClaimType, Event
from worker.domain.documents import DocumentKind, Piece, Verdict, Why
from worker.domain.errors import RetryLater, StaleClaim
from worker.domain.identity import SenderTier
from worker.domain.mail import Fate, ReceivedFrom, ReceivedStamp
from worker.ports import NewMail
from worker.samples import (
    ALL_THERE,
    TWO_OPEN,
    a_claim,
    a_complete_claim,
    an_assessment,
    an_incomplete_assessment,
)

NOW = datetime(2026, 11, 18, 19, 10, 11, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
D1, D2, D3, D4 = DocumentKind


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    upgrade(database_url)
    clock, queue = StillClock(NOW), CollectingQueue()
    store = Store(database_url, owner="one", clock=clock, queue=queue)
    yield store
    store.close()


def put(store: Store, claim: Claim, *, held_address: str | None = None) -> Claim:
    """Open a claim; return it as it was stored."""
    with store.transaction() as work:
        return work.open_claim(claim, held_address=held_address)


def got(store: Store, claim_id: int) -> Claim:
    claim = store.claims.get(claim_id)
    assert claim is not None
    return claim


def save(store: Store, before: Claim, after: Claim) -> Claim:
    with store.transaction() as work:
        return work.save_claim(before, after)


def an_event(event: Event = Event.MAIL_JOINED, **changes: object) -> ClaimEvent:
    happened = ClaimEvent(event, "system", NOW, ClaimState.INTAKE, ClaimState.INTAKE)
    return replace(happened, **changes)  # type: ignore[arg-type]


def append(store: Store, claim_id: int, *events: ClaimEvent) -> list[int]:
    with store.transaction() as work:
        return [work.append_event(claim_id, event) for event in events]


def rows(store: Store, query: str) -> list[tuple[Any, ...]]:
    with store.database.read() as session:
        return [tuple(row) for row in session.execute(sa.text(query))]


def a_stored_mail(store: Store, uid: int = 1) -> int:
    """A mail row; returns its id."""
    ledger = store.ledger(jobs_for=lambda _mail, _box: [], go_live_at=None)
    lease = ledger.take_lease("INBOX", owner="one", lease_for=HOUR)
    assert lease is not None
    lease = ledger.begin_epoch(lease, 1)
    mail = NewMail(uid, f"{uid:064x}", 100, NOW, NOW)
    ledger.add_mails(lease, [mail], last_uid=uid)
    ((mail_id,),) = rows(store, f"select id from mails where uid = {uid}")  # noqa: S608
    return int(mail_id)


def settled(claim_id: int, fate: Fate = Fate.CLAIM, **changes: object) -> Settled:
    stamp = ReceivedStamp(NOW, ReceivedFrom.INTERNALDATE, None, NOW, NOW, None)
    found = Settled(fate=fate, signal="subject", stamp=stamp, claim_id=claim_id)
    return replace(found, **changes)  # type: ignore[arg-type]


def together(*steps: Callable[[], object]) -> None:
    """Run the steps at once, each in a thread of its own; none may raise."""
    start = threading.Barrier(len(steps))
    errors: list[Exception] = []

    def run(step: Callable[[], object]) -> None:
        start.wait()
        try:
            step()
        except Exception as error:  # noqa: BLE001 - asserted below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []


# -- the claim ----------------------------------------------------------------------


def test_a_claim_comes_back_as_it_was_stored(store: Store) -> None:
    full = a_claim(
        package_id="PKG-77",
        state=ClaimState.AWAITING_MEMBER,
        received_at=NOW,
        docs_complete_at=NOW + HOUR,
        respond_by=NOW + 7 * DAY,
        responded_at=NOW + 2 * HOUR,
        promised_at=NOW + 3 * HOUR,
        released_at=NOW + 4 * HOUR,
        documents_asked_at=NOW + 5 * HOUR,
        documents_due_at=NOW + 8 * DAY,
        next_due_at=NOW + 6 * DAY,
        flags=("several_orders", "date_mismatch"),
    )

    opened = put(store, full)

    expected = replace(full, claim_id=opened.claim_id, version=1)
    assert opened == expected
    assert got(store, opened.claim_id) == expected


def test_an_unknown_claim_is_none(store: Store) -> None:
    assert store.claims.get(4711) is None


def test_a_saved_claim_has_the_next_version(store: Store) -> None:
    before = put(store, a_claim())
    after = replace(
        before,
        state=ClaimState.UNDER_REVIEW,
        claim_type=ClaimType.TOTAL_LOSS,
        package_id="PKG-78",
        flags=("which_package",),
    )

    saved = save(store, before, after)

    assert saved == replace(after, version=before.version + 1)
    assert got(store, before.claim_id) == saved


def test_who_decides_on_an_old_version_is_refused_and_writes_nothing(
    store: Store,
) -> None:
    before = put(store, a_claim())
    newer = save(store, before, replace(before, flags=("newer",)))

    def decide() -> None:
        with store.transaction() as work:
            work.append_event(before.claim_id, an_event())
            work.save_claim(before, replace(before, flags=("stale",)))

    with pytest.raises(StaleClaim):
        decide()

    assert got(store, before.claim_id) == newer
    assert store.claims.events(before.claim_id) == []


def test_of_two_who_save_at_once_one_is_refused(store: Store) -> None:
    before = put(store, a_claim())
    outcomes: list[str] = []

    def decide(flag: str) -> None:
        try:
            save(store, before, replace(before, flags=(flag,)))
        except StaleClaim:
            outcomes.append("stale")
        else:
            outcomes.append(flag)

    together(lambda: decide("a"), lambda: decide("b"))

    (winner,) = set(outcomes) - {"stale"}
    assert sorted(outcomes) == sorted([winner, "stale"])
    assert got(store, before.claim_id).flags == (winner,)


def test_claims_of_an_order_are_found_in_any_writing_newest_first(
    store: Store,
) -> None:
    held = a_claim(state=ClaimState.IDENTITY_HOLD)
    first = put(store, a_claim())
    second = put(store, held, held_address="stranger@other.example")
    put(store, a_claim(order_number="ORD-OTHER"))

    found = store.claims.of_order(" ord-20261104-0183 ")

    assert found == [(second, "stranger@other.example"), (first, None)]


def test_the_most_urgent_claim_is_listed_first_and_one_without_a_clock_last(
    store: Store,
) -> None:
    complete = a_complete_claim(order_number="O-1", respond_by=NOW + 2 * DAY)
    urgent = a_complete_claim(order_number="O-2", respond_by=NOW + DAY)
    closed = a_complete_claim(
        order_number="O-3", respond_by=NOW, state=ClaimState.WITHDRAWN
    )
    for claim in (a_claim(), complete, urgent, closed):
        put(store, claim)

    def listed(*, open_only: bool) -> list[int]:
        found = store.claims.listed(open_only=open_only, limit=3)
        return [claim.claim_id for claim in found]

    assert listed(open_only=True) == [3, 2, 1]
    assert listed(open_only=False) == [4, 3, 2]


def test_a_claim_is_due_from_the_instant_on_earliest_first(store: Store) -> None:
    def due_at(at: datetime | None, order_number: str) -> None:
        put(store, a_claim(order_number=order_number, next_due_at=at))

    due_at(NOW, "O-1")
    due_at(NOW - HOUR, "O-2")
    due_at(NOW + timedelta(microseconds=1), "O-3")
    due_at(None, "O-4")

    assert store.claims.due(NOW) == [(2, 1, NOW - HOUR), (1, 1, NOW)]
    assert store.claims.due(NOW, limit=1) == [(2, 1, NOW - HOUR)]


def test_an_approved_amount_is_kept_to_the_cent(store: Store) -> None:
    claim = put(store, a_claim())
    assert store.claims.decided_usd(claim.claim_id) is None

    with store.transaction() as work:
        work.set_decided(claim.claim_id, Decimal("1234567890.10"))

    decided = store.claims.decided_usd(claim.claim_id)
    assert str(decided) == "1234567890.10"


# -- named rules of the database ----------------------------------------------------


def test_a_second_open_claim_for_a_package_is_refused_by_name(store: Store) -> None:
    put(store, a_claim(order_number="ORD-1", package_id="P"))

    with pytest.raises(exc.IntegrityError) as caught:
        put(store, a_claim(order_number="ord-1 ", package_id="P"))

    is_named = "uq_claims_open_package" in str(caught.value)
    is_sqlite = "claims.order_key, claims.package_key" in str(caught.value)
    assert is_named or is_sqlite  # SQLite names the columns of an index instead
    assert len(store.claims.of_order("ORD-1")) == 1


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"package_id": "other"}, id="another package"),
        pytest.param({"package_id": None}, id="package not known"),
        pytest.param({"order_number": "other"}, id="another order"),
        pytest.param({"state": ClaimState.IDENTITY_HOLD}, id="held"),
        pytest.param({"state": ClaimState.WITHDRAWN}, id="closed"),
    ],
)
def test_other_claims_may_stand_beside_an_open_one(
    store: Store, changes: dict[str, Any]
) -> None:
    put(store, a_claim())

    put(store, a_claim(**changes))

    assert len(store.claims.listed(open_only=False, limit=9)) == 2


def test_a_package_may_be_claimed_again_once_its_claim_is_closed(store: Store) -> None:
    first = put(store, a_claim())
    save(store, first, replace(first, state=ClaimState.COMPLETED_REJECTED))

    second = put(store, a_claim())

    assert second.claim_id != first.claim_id


def test_of_two_who_open_the_same_claim_at_once_one_is_refused(store: Store) -> None:
    """Whatever a step looked up before: the database has the last word (D3)."""
    refused: list[str] = []

    def open_it() -> None:
        try:
            put(store, a_claim())
        except (exc.IntegrityError, RetryLater) as error:
            refused.append(type(error).__name__)

    together(*[open_it] * 4)

    assert refused == ["IntegrityError"] * 3
    assert len(store.claims.listed(open_only=False, limit=9)) == 1


def test_a_response_clock_without_a_complete_set_is_refused_by_name(
    store: Store,
) -> None:
    with pytest.raises(
        exc.IntegrityError, match="ck_claims_respond_by_has_docs_complete_at"
    ):
        put(store, a_complete_claim(docs_complete_at=None))


# -- events -------------------------------------------------------------------------


def test_T7_the_history_of_each_claim_is_numbered_without_a_gap(store: Store) -> None:
    one = put(store, a_claim(order_number="O-1")).claim_id
    two = put(store, a_claim(order_number="O-2")).claim_id

    first = append(store, one, an_event(Event.OPENED), an_event())
    other = append(store, two, an_event(Event.OPENED))
    later = append(store, one, an_event(Event.SLA_WARNED))

    assert (first, other, later) == ([1, 2], [1], [3])
    assert [event.event for event in store.claims.events(one)] == [
        Event.OPENED,
        Event.MAIL_JOINED,
        Event.SLA_WARNED,
    ]


def test_an_event_comes_back_as_it_was_appended(store: Store) -> None:
    claim = put(store, a_claim())
    event = ClaimEvent(
        event=Event.REJECTED,
        actor="anna",
        at=NOW,
        state_before=None,
        state_after=ClaimState.COMPLETED_REJECTED,
        reason="Zustellung am 3. März, 15:30 Uhr — «zu spät»",
        clauses=("C11", "C12"),
        data={"mail_id": "7"},
    )

    append(store, claim.claim_id, event)

    assert store.claims.events(claim.claim_id) == [event]


def test_a_rolled_back_event_leaves_no_gap(store: Store) -> None:
    claim = put(store, a_claim())

    def fail() -> None:
        with store.transaction() as work:
            work.append_event(claim.claim_id, an_event())
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert append(store, claim.claim_id, an_event()) == [1]


def test_two_who_append_at_once_wait_for_one_another(store: Store) -> None:
    """A collision would count as a failure of our own and leave the mail's lane."""
    claim = put(store, a_claim())
    numbers: list[int] = []

    def append_some() -> None:
        for _ in range(5):
            numbers.extend(append(store, claim.claim_id, an_event()))

    together(*[append_some] * 3)

    assert sorted(numbers) == list(range(1, 16))
    assert len(store.claims.events(claim.claim_id)) == 15


# -- mails and files ----------------------------------------------------------------


def a_piece(mail_id: int, path: str = "2", **changes: object) -> Piece:
    piece = Piece(mail_id, path, "invoice.pdf", "a" * 64, D1, evidence="named")
    return replace(piece, **changes)  # type: ignore[arg-type]


def add_pieces(store: Store, claim_id: int, *pieces: Piece) -> None:
    with store.transaction() as work:
        work.add_pieces(claim_id, pieces)


def test_a_file_that_is_there_already_is_left_as_it_is(store: Store) -> None:
    """A step that runs again adds the same files (D1)."""
    claim = put(store, a_claim())
    mail_id = a_stored_mail(store)
    first = a_piece(mail_id, evidence="first")

    add_pieces(store, claim.claim_id, first)
    add_pieces(store, claim.claim_id, replace(first, evidence="again"))

    assert store.claims.pieces(claim.claim_id) == [first]


def test_one_file_may_serve_as_two_documents(store: Store) -> None:
    claim = put(store, a_claim())
    mail_id = a_stored_mail(store)
    pieces = [
        a_piece(mail_id),
        a_piece(mail_id, kind=D2, is_provisional=True),
        a_piece(mail_id, path="3!Fotos/Paket ü.jpg", kind=D3, why=Why.TOO_SMALL),
    ]

    add_pieces(store, claim.claim_id, *pieces)

    assert store.claims.pieces(claim.claim_id) == pieces


def test_files_come_back_oldest_mail_first(store: Store) -> None:
    claim = put(store, a_claim())
    first, second = a_stored_mail(store, 1), a_stored_mail(store, 2)

    add_pieces(store, claim.claim_id, a_piece(second))
    add_pieces(store, claim.claim_id, a_piece(first))

    found = store.claims.pieces(claim.claim_id)
    assert [piece.mail_id for piece in found] == [first, second]


def test_a_mail_gets_one_fate_and_keeps_it(store: Store) -> None:
    claim = put(store, a_claim())
    mail_id = a_stored_mail(store)

    with store.transaction() as work:
        work.settle_mail(mail_id, settled(claim.claim_id))
        work.settle_mail(mail_id, settled(claim.claim_id, Fate.BOUNCE))
        work.park_mail(mail_id, "reader_timeout")

    assert store.mails.get(mail_id).fate is Fate.CLAIM
    assert rows(store, "select signal, settled_at is not null from mails") == [
        ("subject", True)
    ]


def test_the_mails_of_a_claim_leave_duplicates_out(store: Store) -> None:
    claim = put(store, a_claim())
    first, again = a_stored_mail(store, 1), a_stored_mail(store, 2)
    proven = settled(
        claim.claim_id,
        sender_tier=SenderTier.A,
        sender_address="lena@mail.example",
        counts_from=NOW + HOUR,
        flags=("several_orders",),
    )

    with store.transaction() as work:
        work.settle_mail(first, proven)
        work.settle_mail(again, settled(claim.claim_id, Fate.DUPLICATE))

    (mail,) = store.claims.mails(claim.claim_id)
    assert (mail.mail_id, mail.received_at) == (first, NOW)
    assert (mail.sender_tier, mail.sender_address) == ("A", "lena@mail.example")
    assert (mail.counts_from, mail.flags) == (NOW + HOUR, ("several_orders",))


def test_S4_a_claim_goes_live_with_the_mailbox_of_its_first_mail(
    store: Store,
) -> None:
    claim = put(store, a_claim())
    assert store.claims.go_live_at(claim.claim_id) is None
    in_box, elsewhere = a_stored_mail(store, 1), a_stored_mail(store, 2)
    other = sa.text(
        "insert into mailboxes (id, name, last_uid, lease_until_ms, token, passes,"
        " backlog, go_live_at) values (77, 'other', 0, 0, 0, 0, 0, null)"
    )
    with store.database.write() as session:
        session.execute(other)
        session.execute(
            sa.text("update mails set mailbox_id = 77 where id = :id"),
            {"id": elsewhere},
        )
    with store.transaction() as work:
        work.settle_mail(in_box, settled(claim.claim_id))
        work.settle_mail(elsewhere, settled(claim.claim_id, Fate.FOLLOW_UP))

    assert store.claims.go_live_at(claim.claim_id) == NOW


def test_released_mails_count_from_the_release_and_the_others_as_before(
    store: Store,
) -> None:
    one = put(store, a_claim(order_number="O-1", state=ClaimState.IDENTITY_HOLD))
    two = put(store, a_claim(order_number="O-2", state=ClaimState.IDENTITY_HOLD))
    mail_ids = [a_stored_mail(store, uid) for uid in (1, 2, 3)]
    with store.transaction() as work:
        work.settle_mail(mail_ids[0], settled(one.claim_id))
        work.settle_mail(mail_ids[1], settled(one.claim_id, counts_from=NOW - HOUR))
        work.settle_mail(mail_ids[2], settled(two.claim_id))

    with store.transaction() as work:
        work.release_held_mails(one.claim_id, at=NOW + HOUR)

    def counts_from(claim_id: int) -> list[datetime | None]:
        return [mail.counts_from for mail in store.claims.mails(claim_id)]

    assert counts_from(one.claim_id) == [NOW + HOUR, NOW - HOUR]
    assert counts_from(two.claim_id) == [None]


# -- assessments --------------------------------------------------------------------


def assess(store: Store, claim_id: int, **changes: object) -> None:
    with store.transaction() as work:
        work.save_assessment(claim_id, an_assessment(**changes), job_id=None)


def test_an_assessment_comes_back_as_it_was_saved(store: Store) -> None:
    claim = put(store, a_claim())
    assert store.claims.latest_assessment(claim.claim_id) is None

    assess(store, claim.claim_id)

    assert store.claims.latest_assessment(claim.claim_id) == an_assessment()
    assert store.claims.documents(claim.claim_id) == list(ALL_THERE)


def test_the_newest_assessment_and_its_verdicts_count_and_the_older_ones_are_kept(
    store: Store,
) -> None:
    claim = put(store, a_claim())
    assess(store, claim.claim_id)
    newer = an_incomplete_assessment(policy_version="2026-12")

    with store.transaction() as work:
        work.save_assessment(claim.claim_id, newer, job_id=7)

    assert store.claims.latest_assessment(claim.claim_id) == newer
    assert store.claims.documents(claim.claim_id) == list(TWO_OPEN)
    assert rows(store, "select policy_version from assessments order by id") == [
        ("2026-11",),
        ("2026-12",),
    ]


def test_each_finding_is_a_row_in_its_order(store: Store) -> None:
    claim = put(store, a_claim())

    assess(store, claim.claim_id)

    found = rows(
        store, "select position, clause, verdict, text from findings order by position"
    )
    assert found == [
        (position, finding.clause, finding.verdict, finding.text)
        for position, finding in enumerate(an_assessment().findings)
    ]


def test_a_waiver_outlives_the_next_assessment(store: Store) -> None:
    claim = put(store, a_claim())
    assess(store, claim.claim_id, documents=TWO_OPEN)
    waiver = sa.text(
        "update documents set waived_by = 'anna', waived_at = :at where kind = 'D4'"
    ).bindparams(sa.bindparam("at", NOW.replace(tzinfo=None)))
    with store.database.write() as session:
        session.execute(waiver)

    assess(store, claim.claim_id, documents=ALL_THERE)

    assert store.claims.waived(claim.claim_id) == {D4: NOW}
    verdicts = store.claims.documents(claim.claim_id)
    assert [document.verdict for document in verdicts] == [Verdict.SATISFIED] * 4


# -- firings and alerts -------------------------------------------------------------


def fire(store: Store, name: str, slot: str) -> bool:
    with store.transaction() as work:
        return work.fire_slot(name, slot)


def test_a_deadline_fires_once(store: Store) -> None:
    fired = [fire(store, "claim:1:warn_48h", "20261123T191000Z") for _ in range(3)]

    assert fired == [True, False, False]


def test_another_deadline_and_another_slot_fire_for_themselves(store: Store) -> None:
    assert fire(store, "claim:1:warn_48h", "one")
    assert fire(store, "claim:1:warn_24h", "one")
    assert fire(store, "claim:1:warn_48h", "two")


def test_a_rolled_back_firing_may_fire_again(store: Store) -> None:
    def fail() -> None:
        with store.transaction() as work:
            work.fire_slot("claim:1:warn_48h", "one")
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert fire(store, "claim:1:warn_48h", "one")


def test_scenario_40_a_deadline_fires_once_from_many_connections(
    store: Store,
) -> None:
    fired: list[bool] = []

    together(*[lambda: fired.append(fire(store, "claim:1:warn_48h", "one"))] * 6)

    assert sorted(fired) == [False] * 5 + [True]


def test_an_incident_is_one_alert(store: Store) -> None:
    claim = put(store, a_claim())

    def raise_it(work: Work, ref: str) -> None:
        work.raise_alert("uidvalidity_changed", ref, claim_id=claim.claim_id)

    with store.transaction() as work:
        raise_it(work, "claim:1")
        raise_it(work, "claim:1")
    with store.transaction() as work:
        raise_it(work, "claim:1")
        raise_it(work, "claim:2")

    assert rows(store, "select code, ref, claim_id from alerts order by id") == [
        ("uidvalidity_changed", "claim:1", claim.claim_id),
        ("uidvalidity_changed", "claim:2", claim.claim_id),
    ]
    assert store.stats.counts().alerts_open == 2
