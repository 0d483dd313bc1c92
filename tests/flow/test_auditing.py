"""`claims audit` names each planted gap, and nothing where nothing is missing."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders_mail import make_mail
from tests.mailbox_office import (
    LATER,
    MailboxOffice,
    a_claim_mail,
    make_busy,
    reopened,
)
from worker.actors import audit_job
from worker.auditing import AuditResult, audit, keep
from worker.domain.errors import RetryLater
from worker.domain.gaps import SENTENCES, Gap, GapCode
from worker.schedule import Scheduler


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made") / "office"
    make_busy(home)
    return home


@pytest.fixture
def office(made: Path, tmp_path: Path) -> Iterator[MailboxOffice]:
    with reopened(made, tmp_path / "office") as office:
        yield office


def found(office: MailboxOffice, *, is_deep: bool = False) -> list[tuple[GapCode, str]]:
    return [(gap.code, gap.ref) for gap in audit(office.parts, is_deep=is_deep).gaps]


def change(office: MailboxOffice, *statements: str) -> None:
    """Do behind the program's back what no code of it does."""
    with office.store.database.write() as session:
        connection = session.connection()
        connection.exec_driver_sql("pragma defer_foreign_keys=on")
        for statement in statements:
            connection.exec_driver_sql(statement)


def blob(office: MailboxOffice, mail_id: int) -> Path:
    sha256 = office.store.mails.get(mail_id).sha256
    folder = office.parts.data_dir / "raw"
    for log in (folder / "log").glob("*"):
        log.unlink()  # it was settled long ago
    return folder / sha256[:2] / sha256


# -- a healthy system -----------------------------------------------------------------


def test_nothing_is_missing_where_every_mail_was_settled(office: MailboxOffice) -> None:
    result = audit(office.parts, is_deep=True)

    assert result.gaps == []
    assert result.counts["in_mailbox"] == result.counts["mails"] == 8
    assert result.counts["claims"] >= 3
    assert result.counts["not_read_yet"] == 0


def test_what_is_on_its_way_is_no_gap(office: MailboxOffice) -> None:
    office.server.deliver(a_claim_mail(LATER))  # above the cursor
    one_more = make_mail(subject="another one")
    office.server.uidnext = 9
    office.server.mails.pop(9)
    office.deliver(one_more, run=False)
    office.server.deliver(a_claim_mail(LATER))

    result = audit(office.parts)

    assert result.gaps == []
    assert result.counts["open"] == 1
    assert result.counts["not_read_yet"] == 1


def test_a_mail_that_was_removed_from_the_mailbox_is_no_gap(
    office: MailboxOffice,
) -> None:
    office.server.expunge(1, 3)

    result = audit(office.parts)

    assert result.gaps == []
    assert result.counts["not_there"] == 2


def test_a_claim_of_a_sender_who_is_never_answered_has_that_reason(
    office: MailboxOffice,
) -> None:
    office.deliver(a_claim_mail(LATER, ("X-Spam-Flag", "YES")))

    result = audit(office.parts)

    assert result.gaps == []
    assert result.reasons == {"sender_is_not_answered": 1}


def test_a_mailbox_that_was_never_read_has_everything_before_it(
    office: MailboxOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(office.parts), "mailbox_name", "ANOTHER")

    result = audit(office.parts)

    assert result.gaps == []
    assert result.counts["not_read_yet"] == 8


# -- planted gaps ---------------------------------------------------------------------


def remove_row(office: MailboxOffice) -> None:
    change(office, "delete from mails where id = 6")


def add_below_the_cursor(office: MailboxOffice) -> None:
    uid = office.server.deliver(b"Subject: behind our back\r\n\r\n")
    change(office, f"update mailboxes set last_uid = {uid}")  # noqa: S608 - a number


def remove_blob(office: MailboxOffice) -> None:
    blob(office, 3).unlink()


def shorten_blob(office: MailboxOffice) -> None:
    path = blob(office, 3)
    path.write_bytes(path.read_bytes()[:-1])


def alter_blob(office: MailboxOffice) -> None:
    path = blob(office, 3)
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def lose_job(office: MailboxOffice) -> None:
    office.deliver(make_mail(subject="another one"), run=False)
    change(office, "delete from jobs where ref = '9' and kind = 'read'")


def lose_claim_of_mail(office: MailboxOffice) -> None:
    change(office, "update mails set claim_id = null where id = 3")
    change(office, "insert into shared_mails values (2, 3, 'x', '2026-11-18')")


def double_claim(office: MailboxOffice) -> None:
    change(office, "update mails set fate = 'follow_up', claim_id = 2 where id = 2")


def orphan_claim(office: MailboxOffice) -> None:
    change(
        office,
        "insert into claims (id, member_id, member_key, order_number, order_key,"
        " package_key, claim_type, state, is_open, version, received_at, flags,"
        " deadline_at, proposed_points)"
        " select 99, member_id, member_key, 'O', 'o', '', claim_type, state, is_open,"
        " version, received_at, flags, deadline_at, 0 from claims where id = 1",
        "insert into claim_events (claim_id, seq, event, actor, at, state_after,"
        " reason, clauses, data) select 99, 1, event, actor, at, (select state from"
        " claims where id = 99), '', '[]', '{}' from claim_events where id = 1",
        "update emails set claim_id = 99 where kind = 'received' and claim_id = 1",
        "insert into emails (dedup_key, claim_id, kind, recipient, subject, status,"
        " held_reason, policy_version, attempts, uncertain, last_code, created_at)"
        " values ('x', 1, 'received', 'a@b', '', 'cancelled', '', '', 0, 0, '',"
        " '2026-11-18')",
    )


def lose_acknowledgement(office: MailboxOffice) -> None:
    change(office, "delete from emails where kind = 'received' and claim_id = 1")


def break_sequence(office: MailboxOffice) -> None:
    change(
        office,
        "delete from claim_events where claim_id = 1 and seq = 1",
    )


def move_without_event(office: MailboxOffice) -> None:
    change(office, "update claims set state = 'paid' where id = 1")


def lose_send_job(office: MailboxOffice) -> None:
    change(
        office,
        "update emails set status = 'queued', sent_at = null where id = 1",
    )


def mark_sent(office: MailboxOffice) -> None:
    change(office, "update emails set attempts = 0 where id = 1")


def lose_copy(office: MailboxOffice) -> None:
    change(office, "update emails set raw = x'' where id = 1")


def change_unsent(office: MailboxOffice) -> None:
    change(
        office,
        "update emails set raw = cast(replace(raw, 'USD', 'EUR') || ' ' as blob)"
        " where id = (select max(id) from emails where status = 'draft')",
    )


def change_sent(office: MailboxOffice) -> None:
    change(office, "update emails set raw = cast(raw || ' ' as blob) where id = 1")


PLANTED = [
    (remove_row, {"uid:6": "mail_not_stored", "mail:6": "mail_row_gone"}),
    (add_below_the_cursor, {"uid:9": "mail_not_stored"}),
    (remove_blob, {"mail:3": "raw_missing"}),
    (shorten_blob, {"mail:3": "raw_damaged"}),
    (lose_job, {"mail:9": "mail_without_job"}),
    (lose_claim_of_mail, {"mail:3": "mail_without_claim"}),
    (double_claim, {"mail:2": "mail_in_two_claims"}),
    (orphan_claim, {"claim:99": "claim_without_mail"}),
    (lose_acknowledgement, {"claim:1": "claim_unanswered"}),
    (break_sequence, {"claim:1": "events_incomplete"}),
    (move_without_event, {"claim:1": "state_without_event"}),
    (lose_send_job, {"email:1": "email_without_job"}),
    (mark_sent, {"email:1": "email_never_tried"}),
    (lose_copy, {"email:1": "email_without_copy"}),
    (change_unsent, {"email:3": "email_changed"}),
]


@pytest.mark.parametrize(
    ("plant", "gaps"), PLANTED, ids=[plant.__name__ for plant, _ in PLANTED]
)
def test_each_planted_gap_is_named(
    office: MailboxOffice, plant: Callable[[MailboxOffice], None], gaps: dict[str, str]
) -> None:
    plant(office)

    named = {ref: str(code) for code, ref in found(office)}

    if plant is change_unsent:  # whichever draft is the newest
        assert set(named.values()) == set(gaps.values())
    else:
        assert named == gaps


@pytest.mark.parametrize(
    ("plant", "code"),
    [
        (alter_blob, GapCode.RAW_DAMAGED),
        (change_sent, GapCode.EMAIL_CHANGED),
    ],
)
def test_what_only_the_bytes_show_is_found_by_a_deep_audit(
    office: MailboxOffice, plant: Callable[[MailboxOffice], None], code: GapCode
) -> None:
    plant(office)

    assert found(office) == []
    assert [one for one, _ in found(office, is_deep=True)] == [code]


def test_a_gap_about_a_mail_names_its_uid(office: MailboxOffice) -> None:
    remove_blob(office)

    (gap,) = audit(office.parts).gaps

    assert (gap.uid, gap.uidvalidity) == (3, 7)


def test_a_mailbox_with_another_uidvalidity_is_named(office: MailboxOffice) -> None:
    office.server.renumber(8)

    assert found(office) == [(GapCode.MAILBOX_RENUMBERED, "mailbox:1")]


def test_every_gap_has_its_sentence() -> None:
    assert set(SENTENCES) == set(GapCode)


def test_a_mailbox_that_is_away_is_no_gap_but_a_passing_trouble(
    office: MailboxOffice,
) -> None:
    office.server.refuses = "unreachable"

    with pytest.raises(RetryLater, match="mailbox_unreachable"):
        audit(office.parts)


# -- each night -----------------------------------------------------------------------


def tonight(office: MailboxOffice) -> AuditResult | None:
    scheduler = Scheduler(office.parts)
    scheduler.enqueue_nightly(office.clock.at)
    office.clock.at += timedelta(days=1)
    is_new = scheduler.enqueue_nightly(office.clock.at)
    office.run()
    return AuditResult(is_deep=False, has_mailbox=True) if is_new else None


def alerts(office: MailboxOffice) -> list[str]:
    return [
        alert.ref
        for alert in office.store.alerts.newest(limit=100)
        if alert.code == "audit_gaps"
    ]


@pytest.fixture
def nightly(office: MailboxOffice, monkeypatch: pytest.MonkeyPatch) -> MailboxOffice:
    """An office whose settings name a mailbox, as a real one's do."""
    settings = office.parts.settings.model_copy(
        update={"mailbox_url": "imap://x/INBOX"}
    )
    monkeypatch.setattr(office.parts, "settings", settings)
    return office


def test_the_night_in_which_a_record_begins_has_no_audit(
    nightly: MailboxOffice,
) -> None:
    assert not Scheduler(nightly.parts).enqueue_nightly(nightly.clock.at)
    assert nightly.store.audits.newest() is None


def test_each_night_has_one_audit_whoever_asks_how_often(
    nightly: MailboxOffice,
) -> None:
    one, other = Scheduler(nightly.parts), Scheduler(nightly.parts)
    one.enqueue_nightly(nightly.clock.at)
    nightly.clock.at += timedelta(days=3)

    asked = [each.enqueue_nightly(nightly.clock.at) for each in (one, other, one)]
    nightly.run()

    made = nightly.store.audits.newest()
    assert asked == [True, False, False]
    assert made is not None
    assert (made.audit_id, made.gap_count) == (1, 0)
    assert alerts(nightly) == []


def test_a_gap_raises_one_alert_until_an_audit_finds_none(
    nightly: MailboxOffice,
) -> None:
    path = blob(nightly, 3)
    kept = path.read_bytes()
    path.unlink()

    tonight(nightly)
    first = alerts(nightly)
    tonight(nightly)
    second = alerts(nightly)
    path.write_bytes(kept)
    tonight(nightly)

    assert first == second == ["audit:1"]
    assert alerts(nightly) == []


def test_a_narrower_audit_does_not_end_what_it_cannot_see(
    nightly: MailboxOffice,
) -> None:
    change_sent(nightly)
    found = audit(nightly.parts, is_deep=True)
    with nightly.store.transaction() as work:
        assert keep(work, nightly.store, found)

    tonight(nightly)
    shallow = alerts(nightly)
    with nightly.store.database.write() as session:
        session.connection().exec_driver_sql("update emails set raw_sha256 = null")
    found = audit(nightly.parts, is_deep=True)
    with nightly.store.transaction() as work:
        assert not keep(work, nightly.store, found)

    assert shallow == ["audit:1"]
    assert alerts(nightly) == []


def test_an_audit_without_the_mailbox_does_not_end_what_is_missing_from_it(
    nightly: MailboxOffice,
) -> None:
    missing = Gap(code=GapCode.MAIL_NOT_STORED, ref="uid:3")
    for gaps, has_mailbox in (([missing], True), ([], False), ([], True)):
        found = AuditResult(is_deep=False, has_mailbox=has_mailbox, gaps=gaps)
        with nightly.store.transaction() as work:
            keep(work, nightly.store, found)
        assert alerts(nightly) == ([] if has_mailbox and not gaps else ["audit:1"])


def test_an_email_from_before_digests_is_no_gap(office: MailboxOffice) -> None:
    with office.store.database.write() as session:
        session.connection().exec_driver_sql("update emails set raw_sha256 = null")

    assert audit(office.parts, is_deep=True).gaps == []


def test_another_gap_is_another_alert(nightly: MailboxOffice) -> None:
    remove_blob(nightly)
    tonight(nightly)

    lose_acknowledgement(nightly)
    tonight(nightly)

    assert alerts(nightly) == ["audit:2", "audit:1"]


def test_the_audit_of_sunday_reads_all_bytes() -> None:
    assert audit_job("2026-11-22", is_deep=True).ref == "2026-11-22:deep"
