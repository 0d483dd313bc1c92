"""A thread goes on with what its job's end makes due; mails are read in groups."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.builders import a_package, a_when, an_order
from tests.builders_mail import auto_reply, claim_files, make_claim_mail, make_mail
from tests.office import OPENING, InlineReader, Office, an_office
from worker import faults
from worker.actors import KINDS
from worker.adapters.orders_csv import read_orders
from worker.adapters.store import Store
from worker.adapters.store.desk_schema import PausedQueueRow
from worker.adapters.store.mails import MailRecord
from worker.bootstrap import Parts
from worker.demo.cast import orders_csv
from worker.demo.samples import make_play
from worker.domain.claim import Claim, ClaimState
from worker.domain.mail import Mail
from worker.domain.orders import Order
from worker.lookups import Opened, Seen, look_up, look_up_opened
from worker.ports import Bell, ReadFailed
from worker.steps import intake

DELIVERED = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
DAY = timedelta(days=1)
STEPS = ["read", "understand", "validate", "prepare"]


@pytest.fixture
def at_once(tmp_path: Path) -> Iterator[Office]:
    """As on SQLite: what touches nothing but the record is one transaction."""
    package = dataclasses.replace(
        a_package(), arrived=a_when(DELIVERED - DAY), delivered=a_when(DELIVERED)
    )
    order = an_order("ORD-20261104-0183", packages=(package,))
    with an_office(tmp_path / "office", order) as office:
        yield office
    faults.disarm()


@pytest.fixture
def office(at_once: Office) -> Office:
    at_once.work_one_by_one()
    return at_once


def jobs(office: Office, *, state: str) -> list[str]:
    query = sa.text("select kind from jobs where state = :state order by id")
    with office.store.database.read() as session:
        return list(session.execute(query, {"state": state}).scalars())


def hear(office: Office, number: int = 0) -> list[Bell]:
    """Let the worker hear one ring alone; return what it rings then."""
    bell = office.queue.bells[number]
    office.queue.bells.clear()
    office._runner.run(bell.job_id)  # noqa: SLF001 - one ring, not all
    return list(office.queue.bells)


def transactions(office: Office) -> list[str]:
    seen: list[str] = []

    @sa.event.listens_for(office.store.database.engine, "begin")
    def note(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        seen.append("reads" if options.get("claims_read_only") else "writes")

    return seen


# -- one mail ------------------------------------------------------------------------


def test_a_mail_goes_its_whole_way_on_one_ring(office: Office) -> None:
    office.deliver(make_claim_mail(), run=False)

    rings = hear(office)

    assert [kind for kind in jobs(office, state="done") if kind in STEPS] == STEPS
    assert {bell.queue for bell in rings} == {"send"}
    assert office.state() is ClaimState.UNDER_REVIEW


def test_a_claim_costs_so_few_transactions(office: Office) -> None:
    office.deliver(make_claim_mail(), run=False)
    seen = transactions(office)

    hear(office)

    assert seen.count("writes") == 1 + len(STEPS)
    assert seen.count("reads") <= len(STEPS)


def test_what_is_at_hand_is_what_would_be_looked_up(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same e-mails, draft and note as where every job begins anew."""
    office.deliver(make_claim_mail())
    monkeypatch.setattr("worker.runner.MOST_CHAINED", 1)
    with an_office(tmp_path / "other") as other:
        other.store.orders.import_orders([found(office)])
        other.deliver(make_claim_mail())

        assert other.store.notes.of_claim(1) == office.store.notes.of_claim(1)
        assert subjects(other) == subjects(office)


def found(office: Office) -> Order:
    order = office.store.orders.order("ORD-20261104-0183")
    assert order is not None
    return order


def subjects(office: Office) -> list[tuple[str, str]]:
    every = office.store.outbox.of_claim(1)
    return [(email.kind, email.subject) for email in every]


def test_who_dies_between_two_jobs_leaves_one_that_runs_later(office: Office) -> None:
    office.deliver(make_claim_mail(), run=False)
    faults.arm("work.committed:raise@2", office.parts.data_dir / "passes")

    hear(office)
    left = jobs(office, state="running")
    faults.disarm()
    with office.store.database.write() as session:
        session.execute(sa.text("update jobs set lease_until_ms = 0"))
    office.run_again()

    assert left == ["validate"]
    assert jobs(office, state="running") == []
    assert office.kinds == ["received"]
    assert office.state() is ClaimState.UNDER_REVIEW


def test_nothing_is_taken_on_where_the_end_was_not_committed(office: Office) -> None:
    office.deliver(make_claim_mail(), run=False)
    faults.arm("work.written:raise@1", office.parts.data_dir / "passes")

    hear(office)

    assert jobs(office, state="running") == []
    assert jobs(office, state="waiting") == ["understand"]


def test_nobody_goes_on_with_a_queue_that_rests(office: Office) -> None:
    office.deliver(make_claim_mail(), run=False)
    with office.store.database.write() as session:
        session.add(PausedQueueRow(queue="validate", by="ada", at=OPENING))

    hear(office)

    assert jobs(office, state="ready") == ["validate"]
    assert jobs(office, state="running") == []


def test_a_claim_that_changed_in_between_is_assessed_anew(office: Office) -> None:
    """What was at hand is stale: the job comes back and looks."""
    office.deliver(make_claim_mail(), run=False)
    store = office.store
    once = iter([True])
    taken_on = store.jobs.take_next

    def change_and_take(*what: object, **how: object) -> object:
        job = taken_on(*what, **how)  # type: ignore[arg-type]
        if job is not None and job.kind == "validate" and next(once, False):
            what[0].execute(  # type: ignore[attr-defined]
                sa.text("update claims set version = version + 1")
            )
        return job

    store.jobs.take_next = change_and_take  # type: ignore[method-assign,assignment]
    hear(office)
    before = jobs(office, state="ready")
    office.run_again()

    assert before == ["validate"]
    assert office.kinds == ["received"]


def test_the_ring_of_a_read_that_is_tried_again_is_heard_though_its_own_never_came(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One bell stood for both, and the second one kills its reader in the group."""
    office.deliver(make_claim_mail(), make_mail(), run=False)
    del office.queue.bells[1:]
    reads = InlineReader.read
    second = [record.sha256 for record in office.store.mails.get_many([2])]
    deaths = iter([True, True])

    def read(self: InlineReader, sha256: str) -> Mail:
        if sha256 in second and next(deaths, False):
            raise ReadFailed("crashed", died=True)
        return reads(self, sha256)

    monkeypatch.setattr(InlineReader, "read", read)
    rings = [bell for bell in hear(office) if bell.queue == "read"]
    office.queue.bells[:] = rings
    hear(office)

    assert len(rings) == 1
    assert jobs(office, state="done").count("read") == 2


# -- at once -------------------------------------------------------------------------


def test_a_mail_that_was_read_is_answered_in_one_transaction(at_once: Office) -> None:
    at_once.deliver(make_claim_mail(), run=False)
    seen = transactions(at_once)

    rings = hear(at_once)

    taken, read, answered = "writes", "writes", "writes"
    assert [one for one in seen if one == "writes"] == [taken, read, answered]
    assert [kind for kind in jobs(at_once, state="done") if kind in STEPS] == STEPS
    assert {bell.queue for bell in rings} == {"send"}


def test_nobody_does_at_once_what_waits_in_a_queue_that_rests(at_once: Office) -> None:
    at_once.deliver(make_claim_mail(), run=False)
    with at_once.store.database.write() as session:
        session.add(PausedQueueRow(queue="validate", by="ada", at=OPENING))

    rings = hear(at_once)

    assert jobs(at_once, state="ready") == ["validate"]
    assert at_once.kinds == []
    assert {bell.queue for bell in rings} == {"validate"}


def test_several_mails_that_were_read_are_answered_in_one_transaction(
    at_once: Office,
) -> None:
    at_once.deliver(make_claim_mail(), auto_reply(), make_mail(), run=False)
    seen = transactions(at_once)

    rings = hear(at_once)

    assert seen.count("writes") == len(["taken", "read", "answered"])
    assert jobs(at_once, state="done").count("understand") == 3
    assert {bell.queue for bell in rings} == {"send"}


def test_one_ring_leads_to_so_many_jobs_and_the_rest_is_rung(
    at_once: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.runner.MOST_CHAINED", 4)
    at_once.deliver(make_claim_mail(), auto_reply(), make_mail(), run=False)

    rings = hear(at_once)

    steps = [kind for kind in jobs(at_once, state="done") if kind != "read"]
    assert steps == ["understand", "understand", "validate"]
    assert [bell.queue for bell in rings].count("understand") == 1
    assert [bell.queue for bell in rings].count("validate") == 1


def test_it_comes_to_the_same_as_one_after_the_other(
    at_once: Office, tmp_path: Path
) -> None:
    mails = [make_claim_mail(), make_mail(), auto_reply(), make_claim_mail()]
    at_once.deliver(*mails)
    with an_office(tmp_path / "other") as other:
        other.work_one_by_one()
        other.store.orders.import_orders([found(at_once)])
        other.deliver(*mails)

        assert other.store.notes.of_claim(1) == at_once.store.notes.of_claim(1)
        assert subjects(other) == subjects(at_once)
        assert states(other) == states(at_once)


def test_what_is_known_of_a_claim_that_was_just_opened_is_what_would_be_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For every mail of the demo: with files and without, flagged, repeated, late."""
    play = make_play(DELIVERED + DAY)
    file = tmp_path / "orders.csv"
    file.write_text(orders_csv(play.people.values()), encoding="utf-8")
    pairs: list[tuple[object, object]] = []

    def both(store: Store, claim: Claim, order: Order, opened: Opened) -> Seen:
        known = look_up_opened(store, claim, order, opened)
        found = look_up(store, claim, order, answering=opened.mail.mail_id)
        go_live_at = store.claims.go_live_at(claim.claim_id)
        has_receipt = store.outbox.has_receipt(claim.claim_id)
        pairs.append(
            ((known, opened.go_live_at, False), (found, go_live_at, has_receipt))
        )
        return known

    monkeypatch.setattr("worker.steps.shared.look_up_opened", both)
    with an_office(tmp_path / "play", *read_orders(file).rows) as office:
        office.deliver(*[sample.raw for sample in play.samples])
        opened = "select count(*) from claim_events where event = 'claim.opened'"
        with office.store.database.read() as session:
            claims = session.execute(sa.text(opened)).scalar_one()

    known, found = zip(*pairs, strict=True)
    assert known == found
    assert len(pairs) == claims > 10


def states(office: Office) -> list[tuple[str, str]]:
    query = sa.text("select kind, state from jobs order by kind, ref")
    with office.store.database.read() as session:
        return [(row.kind, row.state) for row in session.execute(query)]


@pytest.mark.parametrize("point", ["work.written:raise@2", "work.written:raise@4"])
def test_a_step_that_fails_costs_only_itself(at_once: Office, point: str) -> None:
    """All is undone and done again without it; it is rung, and the fault is over."""
    at_once.deliver(make_claim_mail(), run=False)
    faults.arm(point, at_once.parts.data_dir / "passes")

    hear(at_once)
    at_once.run()

    assert [kind for kind in jobs(at_once, state="done") if kind in STEPS] == STEPS
    assert at_once.kinds == ["received"]
    assert at_once.state() is ClaimState.UNDER_REVIEW


def test_a_step_that_goes_on_failing_undoes_no_other(
    at_once: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_what: object, **_how: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("worker.steps.review.validate.assess", fail)
    at_once.deliver(make_claim_mail(), run=False)

    hear(at_once)
    at_once.run()

    assert jobs(at_once, state="done").count("understand") == 1
    assert jobs(at_once, state="ready").count("validate") == 1
    with at_once.store.database.read() as session:
        query = sa.text("select failures from jobs where kind = 'validate'")
        assert session.execute(query).scalar_one() == 1


def test_a_mail_that_fails_costs_the_ones_before_it_one_more_go(
    at_once: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are one transaction again, without it; it and the later ones are rung."""
    understood: list[int] = []
    understand = intake._understood  # noqa: SLF001 - the place to fail at

    def fail_at_third(parts: Parts, record: MailRecord) -> object:
        understood.append(record.mail_id)
        if record.mail_id == 3:
            raise ZeroDivisionError
        return understand(parts, record)

    monkeypatch.setattr(intake, "_understood", fail_at_third)
    mails = [auto_reply(), make_mail(), auto_reply(), make_mail()]
    at_once.deliver(*mails, run=False)

    rings = hear(at_once)

    assert understood == [1, 2, 3, 1, 2]
    assert jobs(at_once, state="done").count("understand") == 2
    assert [bell.queue for bell in rings].count("understand") == 1


def test_only_what_touches_nothing_but_the_record_is_done_at_once() -> None:
    """What the others go on with by a ring would be outside of any transaction."""
    at_once = {name for name, kind in KINDS.items() if kind.at_once}

    assert at_once == {"understand", "validate", "prepare"}


def test_what_was_committed_stays_done_whatever_comes_after(at_once: Office) -> None:
    at_once.deliver(make_claim_mail(), run=False)
    faults.arm("work.committed:raise@2", at_once.parts.data_dir / "passes")

    hear(at_once)
    faults.disarm()

    assert at_once.state() is ClaimState.UNDER_REVIEW
    assert jobs(at_once, state="running") == []


def test_a_job_that_failed_before_is_done_on_its_own(at_once: Office) -> None:
    at_once.deliver(make_claim_mail(), run=False)
    with at_once.store.database.write() as session:
        session.execute(sa.text("update jobs set vanished = 1"))
    seen = transactions(at_once)

    at_once.run()

    assert seen.count("writes") > len(STEPS)
    assert at_once.state() is ClaimState.UNDER_REVIEW


# -- rings ---------------------------------------------------------------------------


def test_only_the_first_of_a_mailbox_is_rung(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later mail that was read waits for the one before it, without a ring."""
    monkeypatch.setattr("worker.runner.Runner._run_group", None)
    office.deliver(make_claim_mail(), auto_reply(), run=False)
    reads = list(office.queue.bells)
    with office.store.database.write() as session:
        session.execute(
            sa.text("update jobs set failures = 1 where id = :id"),
            {"id": reads[0].job_id},
        )

    after_second = hear(office, 1)
    office.queue.bells[:] = reads[:1]
    after_first = hear(office)

    assert after_second == []
    assert [bell.queue for bell in after_first].count("understand") == 1
    assert jobs(office, state="ready").count("understand") == 1


# -- several mails at once ------------------------------------------------------------


def test_one_ring_reads_several_mails(office: Office) -> None:
    office.deliver(
        *(make_mail(subject=f"Hello {n}", text=str(n)) for n in range(3)), run=False
    )
    seen = transactions(office)

    hear(office)

    assert jobs(office, state="done").count("read") == 3
    assert seen.count("writes") <= 2 + 3


def test_a_mail_that_breaks_the_reader_keeps_no_other_from_being_stored(
    office: Office,
) -> None:
    reader = office.parts.reader
    assert isinstance(reader, InlineReader)
    broken = make_claim_mail(headers=[("X-Breaks-The-Reader", "yes")])
    office.deliver(auto_reply(), broken, make_claim_mail(), run=False)

    hear(office)

    read = [office.store.mails.get(number).mail is not None for number in (1, 2, 3)]
    assert read == [True, False, True]


def test_mails_for_which_there_is_no_time_are_read_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "READ_FOR", timedelta(seconds=-1))
    office.deliver(auto_reply(), make_claim_mail(files=claim_files()), run=False)

    office.run()

    assert office.fate(1) == "auto_reply"
    assert office.fate(2) == "claim"


# -- one transaction for all lookups --------------------------------------------------


def test_lookups_within_a_reading_share_one_transaction(office: Office) -> None:
    office.deliver(make_claim_mail())
    seen = transactions(office)

    with office.store.reading(), office.store.reading():
        office.store.claims.get(1)
        office.store.claims.mails(1)

    assert seen == ["reads"]


def test_nothing_is_written_within_a_reading(office: Office) -> None:
    with (
        office.store.reading(),
        pytest.raises(RuntimeError),
        office.store.transaction(),
    ):
        pass

    with office.store.transaction():
        pass
