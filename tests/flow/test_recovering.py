"""After a backup was put back, what is missing is read again and nothing goes twice."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.builders import an_order
from tests.builders_mail import make_mail
from tests.mailbox_office import (
    BARE,
    LATER,
    ORDERS,
    OTHERS,
    WHOLE,
    MailboxOffice,
    a_claim_mail,
    a_mailbox_office,
)
from tests.services.postgres import find_programs
from worker import desk_send
from worker.auditing import audit
from worker.decide.emails import release
from worker.domain.errors import UsageError
from worker.domain.written import Seen, Written, WrittenKind
from worker.recovering import recover

HOUR = timedelta(hours=1)


def back_up(office: MailboxOffice, to: Path) -> None:
    """First the record, then the raw mails: docs/backup.md."""
    to.mkdir()
    engine = office.store.database.engine
    if engine.dialect.name == "postgresql":
        dump = to / "claims.dump"
        postgres_tool("pg_dump", "--format=custom", f"--file={dump}", url_of(engine))
    else:
        with engine.connect() as connection:
            bare = connection.connection.dbapi_connection
            assert bare is not None
            bare.execute(f"vacuum into '{to / 'claims.db'}'").close()
    shutil.copytree(office.parts.data_dir / "raw", to / "raw")
    for name in ("secret.key", "erasures.jsonl"):
        if (office.parts.data_dir / name).exists():
            shutil.copy(office.parts.data_dir / name, to / name)


def url_of(engine: sa.Engine) -> str:
    """The URL as PostgreSQL's own programs take it."""
    return engine.url.set(drivername="postgresql").render_as_string()


def postgres_tool(name: str, *words: str) -> None:
    """Run one of the programs that come with the server."""
    done = subprocess.run(  # noqa: S603 - our own command
        [find_programs() / name, *words], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@contextmanager
def restored(backup: Path, of: MailboxOffice) -> Iterator[MailboxOffice]:
    """An office on the backup, and on the mailbox as it is now, not read yet."""
    settings: dict[str, object] = {}
    if (backup / "claims.dump").exists():
        settings["database_url"] = restored_url(of.store.database.engine, backup)
    with a_mailbox_office(backup, *map(an_order, ORDERS), **settings) as office:
        office.parts.__dict__["server"] = of.server
        office.clock.at = of.clock.at + HOUR
        yield office


def restored_url(lost: sa.Engine, backup: Path) -> str:
    """The URL of a database beside the lost one, with the backup in it."""
    name = f"{lost.url.database}_restored"
    everything = lost.execution_options(isolation_level="AUTOCOMMIT")
    with everything.connect() as connection:
        connection.exec_driver_sql(f'create database "{name}" template template0')
    fresh = lost.url.set(database=name)
    url = fresh.set(drivername="postgresql").render_as_string()
    dump = str(backup / "claims.dump")
    postgres_tool("pg_restore", "--clean", "--if-exists", f"--dbname={url}", dump)
    return fresh.render_as_string()


def read_missing(office: MailboxOffice) -> None:
    """Read what the mailbox has and the ledger has not, as the poller does."""
    with office.store.database.read() as session:
        rows = session.connection().exec_driver_sql("select max(uid) from mails")
        last = rows.scalar() or 0
    office._uid = office._last_mail_id = last  # noqa: SLF001 - where the backup ends
    raws = [raw for uid, (raw, _) in sorted(office.server.mails.items()) if uid > last]
    kept = dict(office.server.mails)
    uidnext = office.server.uidnext
    # This server tells no INTERNALDATE, so the first look is the receipt.
    now, office.clock.at = office.clock.at, office.clock.at - HOUR
    office.deliver(*raws)
    office.clock.at = now
    office.server.mails, office.server.uidnext = kept, uidnext


@pytest.fixture
def lost(
    tmp_path: Path, database_url: str
) -> Iterator[tuple[MailboxOffice, Path, datetime]]:
    """An office that went on for an hour after its backup, and where that lies."""
    with a_mailbox_office(
        tmp_path / "lost", *map(an_order, ORDERS), database_url=database_url
    ) as office:
        office.deliver(a_claim_mail(WHOLE))
        office.deliver(a_claim_mail(BARE, files=[]), run=False)
        office.run()
        backup_at = office.clock.at
        back_up(office, tmp_path / "backup")
        office.clock.at += HOUR
        office.deliver(
            a_claim_mail(OTHERS),
            make_mail(subject="where is it?"),
        )
        yield office, tmp_path / "backup", backup_at


def statuses(office: MailboxOffice) -> list[tuple[str, str]]:
    return [(email.kind, email.status) for email in office.emails]


def test_what_is_missing_is_read_again_and_its_answers_wait_for_a_person(
    lost: tuple[MailboxOffice, Path, datetime],
) -> None:
    before, backup, backup_at = lost
    claims = before.store.audits.counts()["claims"]
    with restored(backup, before) as office:
        recover(
            office.parts,
            backup_at=backup_at - HOUR,
            lost_at=before.clock.at,
            by="jane",
        )

        read_missing(office)

        assert office.relay.taken == []
        assert office.store.audits.counts()["claims"] == claims
        assert {reason.held_reason for reason in office.store.outbox.held()} == {
            "recovered"
        }
        assert audit(office.parts, is_deep=True).gaps == []


def test_what_the_list_says_went_out_counts_as_sent(
    lost: tuple[MailboxOffice, Path, datetime], tmp_path: Path
) -> None:
    before, backup, backup_at = lost
    log = tmp_path / "mail.log"
    ids = [email.message_id for email in before.emails]
    log.write_text("\n".join(f"postfix: message-id={one} ok" for one in ids))
    with restored(backup, before) as office:
        found = recover(
            office.parts,
            backup_at=backup_at - HOUR,
            lost_at=before.clock.at,
            sent_list=log,
            by="jane",
        )

        read_missing(office)

        assert found.known == len(ids)
        assert office.relay.taken == []
        assert statuses(office) == statuses(before)
        assert [email.message_id for email in office.emails] == ids
        assert audit(office.parts, is_deep=True).gaps == []


def test_what_the_backup_had_still_to_send_is_held(
    lost: tuple[MailboxOffice, Path, datetime],
) -> None:
    before, backup, backup_at = lost
    with restored(backup, before) as office:
        with office.store.database.write() as session:
            session.connection().exec_driver_sql(
                "update emails set status = 'sending', sent_at = null where id = 1"
            )

        found = recover(
            office.parts, backup_at=backup_at, lost_at=before.clock.at, by="jane"
        )

        assert (found.sent, found.held) == (0, 1)
        assert [one.held_reason for one in office.store.outbox.held()] == ["recovered"]


def test_what_is_held_after_a_backup_and_released_has_one_job(
    lost: tuple[MailboxOffice, Path, datetime],
) -> None:
    """Two that run beside each other would both send it."""
    before, backup, backup_at = lost
    with restored(backup, before) as office:
        with office.store.database.write() as session:
            connection = session.connection()
            connection.exec_driver_sql(
                "update emails set status = 'queued', sent_at = null where id = 1"
            )
            connection.exec_driver_sql(
                "update jobs set state = 'ready', finished_at = null"
                " where kind = 'send' and ref = '1'"
            )
        recover(office.parts, backup_at=backup_at, lost_at=before.clock.at, by="jane")

        release(office.parts, 1, by="jane")

        with office.store.database.read() as session:
            alive = session.connection().exec_driver_sql(
                "select ref from jobs where kind = 'send' and finished_at is null"
            )
            assert [ref.partition(":")[0] for ref in alive.scalars()] == ["1"]
        office.run()
        assert len(office.relay.taken) == 1


def test_an_answer_that_stops_a_clock_is_a_persons_to_look_at(
    lost: tuple[MailboxOffice, Path, datetime], tmp_path: Path
) -> None:
    before, backup, backup_at = lost
    log = tmp_path / "mail.log"
    log.write_text(str(before.emails[0].message_id))
    with restored(backup, before) as office:
        with office.store.database.write() as session:
            session.connection().exec_driver_sql(
                "update emails set status = 'queued', kind = 'rejected',"
                " sent_at = null where id = 1"
            )

        found = recover(
            office.parts,
            backup_at=backup_at,
            lost_at=before.clock.at,
            sent_list=log,
            by="jane",
        )

        assert (found.known, found.sent, found.held) == (1, 0, 1)


def test_what_a_person_had_sent_a_moment_before_the_backup_does_not_go_out_again(
    lost: tuple[MailboxOffice, Path, datetime],
) -> None:
    before, backup, backup_at = lost
    with restored(backup, before) as office:
        claim = office.store.claims.get(2)
        assert claim is not None
        text = Written(kind=WrittenKind.REJECT, body="No.")
        seen = Seen(claim.version, len(office.store.claims.events(2)))
        assert desk_send.schedule(office.parts, claim, text, seen, "jane")

        recover(office.parts, backup_at=backup_at, lost_at=before.clock.at, by="jane")
        office.run_again()

        stopped = office.parts.desk.writing.pending_of(2)
        assert stopped is not None
        assert "look again" in stopped.why_not
        assert office.relay.taken == []
        codes = [alert.code for alert in office.store.alerts.newest(limit=99)]
        assert "reply_not_sent" in codes


@pytest.mark.parametrize("jobs", [0, 2], ids=["unread", "not_answered"])
@pytest.mark.parametrize("status", ["held", "sent"])
def test_what_the_backup_had_not_judged_yet_is_not_answered_again(
    tmp_path: Path, jobs: int, status: str
) -> None:
    with a_mailbox_office(tmp_path / "lost", *map(an_order, ORDERS)) as before:
        assert before.parts.secret_key  # made before the backup
        before.deliver(a_claim_mail(WHOLE), run=False)
        for _ in range(jobs):
            before.step()
        before.clock.at += HOUR
        back_up(before, tmp_path / "backup")
        backup_at = before.clock.at
        before.run()
        assert before.kinds == ["received"]
        log = tmp_path / "mail.log"
        log.write_text(str(before.emails[0].message_id))
        with restored(tmp_path / "backup", before) as office:
            recover(
                office.parts,
                backup_at=backup_at,
                lost_at=before.clock.at,
                sent_list=log if status == "sent" else None,
                by="jane",
            )

            office.run_again()

            assert office.relay.taken == []
            assert statuses(office) == [("received", status)]


def test_what_came_after_the_loss_is_answered_as_ever(
    lost: tuple[MailboxOffice, Path, datetime],
) -> None:
    before, backup, backup_at = lost
    with restored(backup, before) as office:
        recover(
            office.parts,
            backup_at=backup_at - HOUR,
            lost_at=before.clock.at,
            by="jane",
        )
        read_missing(office)
        office._uid = office.server.uidnext - 1  # noqa: SLF001 - of a new mail
        later = make_later(office)

        office.deliver(later)

        assert len(office.relay.taken) == 1


def make_later(office: MailboxOffice) -> bytes:
    from tests.builders_mail import make_claim_mail  # noqa: PLC0415 - only here

    at = office.clock.at
    return make_claim_mail(order=LATER, received_at=at).replace(b"<one@", b"<late@")


def test_instants_the_wrong_way_round_are_refused(
    lost: tuple[MailboxOffice, Path, datetime],
) -> None:
    before, backup, backup_at = lost
    with restored(backup, before) as office, pytest.raises(UsageError, match="swap"):
        recover(
            office.parts,
            backup_at=backup_at,
            lost_at=backup_at - HOUR,
            by="jane",
        )
