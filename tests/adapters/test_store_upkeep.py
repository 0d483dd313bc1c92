"""What upkeep asks and writes, on both databases."""

# ruff: noqa: S608 - the statements are made of our own words

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.office import OPENING
from worker.adapters import migrations
from worker.adapters.clock import StillClock
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import (
    NewEmail,
    Store,
    belongings,
    erasing,
    holds,
    recoveries,
    retaining,
)
from worker.adapters.store.auditing import AuditedMailbox
from worker.domain.retention import DataClass

MINUTE = timedelta(minutes=1)
MEMBER = "m777"
MAILS = ((1, "claim", 1), (2, "cannot_match", "null"))
SEED = (
    (
        "insert into mailboxes (id, name, uidvalidity, last_uid, lease_until_ms, token,"
        " passes, backlog) values (1, 'INBOX', 7, 3, 0, 0, 1, 0)"
    ),
    (
        "insert into members (id, key, member_id, name, locale)"
        " values (1, 'm777', 'M777', 'Canaria', 'en')"
    ),
    (
        "insert into member_addresses (member_pk, position, address)"
        " values (1, 0, 'canary@member.example')"
    ),
    (
        "insert into orders (id, key, order_number, member_pk, points_applied,"
        " points_earned) values (1, 'o1', 'O1', 1, 0, 0)"
    ),
    (
        "insert into claims (id, member_id, member_key, order_number, order_key,"
        " package_key, claim_type, state, is_open, version, received_at, flags,"
        " member_address) values (1, 'M777', 'm777', 'O1', 'o1', '', 'damage',"
        " 'withdrawn', false, 1, '2026-11-18 19:10:00', '[]', 'canary@member.example')"
    ),
    (
        "insert into claim_events (claim_id, seq, event, actor, at, state_after,"
        " reason, clauses, data) values (1, 1, 'withdrawn', 'jane',"
        " '2026-11-18 19:10:00',"
        " 'withdrawn', 'canary phoned', '[]', '{}')"
    ),
    *(
        "insert into mails (id, mailbox_id, uidvalidity, uid, sha256, size_bytes,"
        " first_seen_at, fate, settled_at, claim_id, sender_address, signal, flags,"
        f" notes, reading) values ({number}, 1, 7, {number}, '{number:064}', 10,"
        f" '2026-11-18 19:10:00', '{fate}', '2026-11-18 19:10:00', {claim},"
        " 'canary@member.example', '', '[]', '{}', 'canary')"
        for number, fate, claim in MAILS
    ),
)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    migrations.upgrade(database_url)
    store = Store(
        database_url, owner="one", clock=StillClock(OPENING), queue=CollectingQueue()
    )
    with store.database.write() as session:
        for statement in SEED:
            session.execute(sa.text(statement.replace(":", "\\:")))
    yield store
    store.close()


def dump(store: Store) -> str:
    """Everything that any table holds, as text."""
    inspector = sa.inspect(store.database.engine)
    with store.database.read() as session:
        return "\n".join(
            repr(row)
            for table in inspector.get_table_names()
            for row in session.execute(sa.text(f'select * from "{table}"'))
        ).lower()


def test_an_audit_asks_the_same_of_both(store: Store) -> None:
    audits = store.audits

    assert audits.mailbox("INBOX") == AuditedMailbox(1, 7, 3)
    assert audits.uids(1, 7, 1, 10) == {1, 2}
    assert [raw.mail_id for raw in audits.raws()] == [1, 2]
    assert audits.mail_gaps() == []
    assert audits.claim_gaps() == []
    assert audits.email_gaps() == []
    assert audits.unanswered() == [1]
    assert audits.assessment_job(1) is None
    assert list(audits.changed_emails(is_deep=True)) == []


def test_an_audit_that_was_made_is_the_newest(store: Store) -> None:
    with store.transaction() as work:
        number = work.record_audit((), {"mails": 2}, is_deep=True)

    made = store.audits.newest()
    assert made is not None
    assert (made.audit_id, made.is_deep, made.counts) == (number, True, {"mails": 2})


def test_one_incident_is_opened_and_closed_once(store: Store) -> None:
    watches = store.watches

    opened = [watches.open_incident("outbox", "x", at=OPENING) for _ in range(2)]
    opened.append(watches.open_incident("outbox", "x", at=OPENING + MINUTE))
    closed = [watches.close_incidents(["outbox"], at=OPENING) for _ in range(2)]
    again = watches.open_incident("outbox", "x", at=OPENING + 2 * MINUTE)

    assert opened == [True, False, False]
    assert closed == [1, 0]
    assert again


def test_an_alert_is_taken_by_one_and_told_once(store: Store) -> None:
    watches = store.watches
    with store.transaction() as work:
        work.raise_alert("email_refused", "email:7")

    taken = [watches.take_untold("webhook", hold_for=MINUTE) for _ in range(2)]
    with store.database.write() as session:
        session.execute(sa.text("update notices set again_at_ms = 0"))
    later = watches.take_untold("webhook", hold_for=MINUTE)
    assert later is not None
    watches.mark_told(later.alert_id, "webhook", at=OPENING)
    with store.database.write() as session:
        session.execute(sa.text("update notices set again_at_ms = 0"))

    assert taken == [later, None]
    assert watches.take_untold("webhook", hold_for=MINUTE) is None
    assert watches.take_untold("email", hold_for=MINUTE) == later


def test_processes_and_relay_are_looked_at(store: Store) -> None:
    store.processes.register(owner="a", role="work", host="h", pid=1, boot_ticks=1)

    assert store.watches.living_roles(heard_within=MINUTE) == {"work"}
    assert not store.watches.is_relay_silent(for_at_least=MINUTE)


def test_nothing_personal_is_left_of_an_erased_member(store: Store) -> None:
    assert "canar" in dump(store)

    with store.transaction() as work:
        claims = belongings.erasable_claims(work.session, MEMBER)
        mails = belongings.mails_of_member(work.session, MEMBER, claims)
        erasing.erase_mails(work.session, mails, at=work.at)
        erasing.erase_claims(work.session, claims, at=work.at)
        erasing.erase_member(work.session, MEMBER)
    store.holds.compact()

    assert (claims, mails) == ([1], {1, 2})
    left = dump(store)
    assert "canar" not in left
    assert "m777" not in left
    with store.database.read() as session:
        assert erasing.digests_of_erased(session) == [f"{n:064}" for n in (1, 2)]


def test_a_hold_stands_until_it_is_lifted(store: Store) -> None:
    about = {"claim_id": None, "member_key": MEMBER}
    with store.transaction() as work:
        more = {"reason": "court", "by": "jane", "at": work.at}
        added = [holds.hold(work.session, **about, **more) for _ in range(2)]  # type: ignore[arg-type]
        held = holds.held_claims(work.session)
        lifted = holds.lift(work.session, **about, by="jane", at=work.at)  # type: ignore[arg-type]

    assert (added, held, lifted) == ([True, False], {1}, True)
    assert store.holds.listed() == []
    assert store.holds.member_keys() == {MEMBER}


@pytest.mark.parametrize("what", DataClass)
def test_every_class_can_be_counted_and_deleted(store: Store, what: DataClass) -> None:
    before = OPENING + timedelta(days=1)
    with store.transaction() as work:
        found = retaining.due(work.session, what, before)
        count = len(found) if isinstance(found, list) else found
        gone = retaining.apply(work.session, what, before, at=work.at)

    expected = {"claims": 1, "raw_mails": 1, "other_mails": 1}
    assert count == gone == expected.get(what.value, 0)


def test_what_a_backup_had_to_send_is_sent_or_held(store: Store) -> None:
    emails = [
        NewEmail(
            dedup_key=one,
            kind="received",
            recipient="a@b.example",
            status="queued",
            message_id=f"<{one}@x>",
            raw=b"x",
        )
        for one in ("known", "unknown")
    ]
    with store.transaction() as work:
        work.add_emails(emails)
        settled = recoveries.begin(
            work.session,
            backup_at=OPENING - MINUTE,
            lost_at=OPENING,
            sent=["<known@x>", "<known@x>"],
            answers=["response"],
            by="jane",
            at=work.at,
        )

    assert settled == (1, 1)
    assert store.outbox.counts() == {"sent": 1, "held": 1}
    assert store.recoveries.may_have_gone_out("<other@x>", OPENING)
    assert not store.recoveries.may_have_gone_out("<other@x>", OPENING + MINUTE)
    assert store.recoveries.is_known_sent("<known@x>")
