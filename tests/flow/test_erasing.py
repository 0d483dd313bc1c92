"""What is erased is nowhere any more, and nothing brings it back."""

import dataclasses
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.builders import a_member, an_order
from tests.builders_mail import make_claim_mail, make_mail
from tests.mailbox_office import MailboxOffice, a_mailbox_office
from worker import operating
from worker.adapters import erasure_log
from worker.adapters.retention_file import read_retention
from worker.adapters.store import belongings, holds
from worker.adapters.store import erasing as erasing_rows
from worker.adapters.store.desk import actions
from worker.adapters.store.desk_schema import (
    OperatorActionRow,
    PendingPlacementRow,
    PendingReplyRow,
)
from worker.adapters.store.job_rows import NewJob
from worker.adapters.store.points_entries import Holder
from worker.adapters.store.points_orders import Bought
from worker.adapters.store.schema import EmailRow, JobRow
from worker.auditing import audit
from worker.correcting import correct
from worker.desk.work_query import ListQuery
from worker.domain.claim import ClaimState, Event
from worker.domain.errors import SettingsInvalid, UsageError
from worker.domain.retention import DataClass
from worker.domain.staff import StaffRole
from worker.erasing import (
    Erased,
    ErasedAgain,
    erase,
    erase_again,
    member_tag,
    remove_left,
)
from worker.recovering import recover
from worker.retaining import apply, plan
from worker.steps.shared import event_now

ORDER = "ORD-20261104-0999"
MEMBER = "M777123"
ADDRESS = "canary.sparrow@member.example"
NAME = "Canaria Sparrowhawk"
CANARIES = (MEMBER, ORDER, "canary", "Canaria", "Sparrowhawk", "xylophonequartet")
TEXT = f"Hello,\n\nthe xylophonequartet is broken.\n\n{NAME}"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[MailboxOffice]:
    """An office with a closed claim of one member, a loose mail, and another claim."""
    member = a_member(member_id=MEMBER, name=NAME, addresses=(ADDRESS,))
    orders = (an_order(ORDER, member=member), an_order())
    with a_mailbox_office(tmp_path / "office", *orders) as office:
        sender = f"{NAME} <{ADDRESS}>"
        office.deliver(
            make_claim_mail(member=MEMBER, order=ORDER, sender=sender, text=TEXT),
            make_mail(sender=sender, subject="my xylophonequartet", text=TEXT),
            make_claim_mail().replace(b"<one@", b"<two@"),
        )
        claim = office.store.claims.get(1)
        assert claim is not None
        after = dataclasses.replace(claim, state=ClaimState.WITHDRAWN)
        with office.store.transaction() as work:
            work.save_claim(claim, after)
            event = event_now(
                work,
                Event.WITHDRAWN,
                claim.state,
                after.state,
                actor="jane",
                reason=f"{NAME} phoned",
            )
            work.append_event(1, event)
        office.parts.desk.remarks.add(1, f"{NAME} is nice", by="jane")
        points = office.parts.points
        points.place(Holder(MEMBER, "main"), Bought(ORDER, product_cents=8000))
        points.confirm(Holder(MEMBER, "main"), ORDER)
        why = f"{NAME} asked"
        points.adjust(Holder(MEMBER, "main"), "k1", 50, by="jane", reason=why)
        points.verify(Holder("M104233", "main"))
        yield office


def erased(office: MailboxOffice, *, is_applied: bool = True) -> Erased:
    return erase(
        office.parts, MEMBER, by="jane", basis="request", is_applied=is_applied
    )


def found_in(folder: Path) -> set[str]:
    """The canaries that any file of a folder holds, in any case of letters."""
    seen = set()
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes().lower()
            seen |= {word for word in CANARIES if word.lower().encode() in data}
    return seen


def test_before_an_erasure_the_canaries_are_there(office: MailboxOffice) -> None:
    assert found_in(office.parts.data_dir) == set(CANARIES)


def test_after_an_erasure_no_file_holds_a_canary(office: MailboxOffice) -> None:
    done = erased(office)

    office.store.close()
    assert done == Erased(claims=1, mails=2)
    assert found_in(office.parts.data_dir) == set()


@pytest.mark.parametrize("status", ["draft", "queued", "sending", "held"])
def test_what_was_not_sent_yet_is_not_sent(office: MailboxOffice, status: str) -> None:
    with office.store.database.write() as session:
        session.execute(
            sa.update(EmailRow)
            .where(EmailRow.claim_id == 1)
            .values(status=status, sent_at=None)
        )

    erased(office)

    assert {one.status for one in office.store.outbox.of_claim(1)} == {"cancelled"}


def test_a_dry_run_counts_and_changes_nothing(office: MailboxOffice) -> None:
    assert erased(office, is_applied=False) == Erased(claims=1, mails=2)
    assert found_in(office.parts.data_dir) == set(CANARIES)


def test_the_others_are_left_as_they_are(office: MailboxOffice) -> None:
    before = office.store.claims.get(2), office.store.mails.get(3)

    erased(office)

    assert (office.store.claims.get(2), office.store.mails.get(3)) == before
    assert office.parts.raw.has(before[1].sha256)


@pytest.mark.parametrize(
    ("sender", "text"),
    [
        ("Ann <ann@other.example>", f"I am member {MEMBER}4, {MEMBER}-2 and XM777123."),
        ("Bo <bo@other.example>", f"Write to x{ADDRESS}, {ADDRESS}.au, or her."),
        ("Cy <cy@other.example>", "canary birds, a sparrow, a member, an example"),
    ],
)
def test_a_mail_that_names_somebody_like_the_member_stays(
    office: MailboxOffice, sender: str, text: str
) -> None:
    number = office.deliver(make_mail(sender=sender, subject="hello", text=text))

    assert erased(office) == Erased(claims=1, mails=2)
    assert office.store.mails.get(number).mail is not None


@pytest.mark.parametrize("named", ["m777123", "(M777123)", f"<{ADDRESS.upper()}>."])
def test_a_mail_of_somebody_else_that_names_the_member_goes(
    office: MailboxOffice, named: str
) -> None:
    text = f"It is about {named} again."
    office.deliver(
        make_mail(sender="Ann <ann@other.example>", subject="hello", text=text)
    )

    assert erased(office) == Erased(claims=1, mails=3)


def test_a_mail_whose_jobs_run_yet_is_left_to_them(office: MailboxOffice) -> None:
    mail = make_mail(sender=f"{NAME} <{ADDRESS}>", subject="hello", text=TEXT)
    number = office.deliver(mail, run=False)
    office.step()
    assert office.store.mails.get(number).mail is not None

    assert erased(office) == Erased(claims=1, mails=2)
    assert office.store.mails.get(number).mail is not None


def test_views_that_ask_for_the_member_go_and_those_for_others_stay(
    office: MailboxOffice,
) -> None:
    desk = office.parts.desk
    jane = desk.people.add("jane", StaffRole.AGENT).person_id
    for name, asked in (("her", "M777 123"), ("other", "M7771234"), ("she", ADDRESS)):
        desk.views.save(jane, name, str(ListQuery(q=asked)))

    erased(office)

    assert [view.name for view in desk.views.of(jane)] == ["other"]


def test_an_address_that_only_a_claim_has_is_theirs_too(office: MailboxOffice) -> None:
    elsewhere = "canary@elsewhere.example"
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            f"update claims set member_address = '{elsewhere}' where id = 1"  # noqa: S608 - ours
        )
    desk = office.parts.desk
    jane = desk.people.add("jane", StaffRole.AGENT).person_id
    desk.views.save(jane, "she", str(ListQuery(q=elsewhere)))

    erased(office)

    assert desk.views.of(jane) == []


# -- reasons for what was done to jobs and e-mails ---------------------------------

WHY = "the sparrow phoned"


def dead(office: MailboxOffice, *named: str) -> list[int]:
    """Dead letters of these kinds and references, as `send 3`: their numbers."""
    pairs = [(kind, ref) for kind, _, ref in (one.partition(" ") for one in named)]
    with office.store.transaction() as work:
        work.add_jobs(*(NewJob(kind, ref, "send") for kind, ref in pairs))
    with office.store.transaction() as work:
        one_of = sa.tuple_(JobRow.kind, JobRow.ref).in_(pairs)
        died = {"state": "quarantined", "finished_at": work.at}
        work.session.execute(sa.update(JobRow).where(one_of).values(**died))
        rows = work.session.execute(
            sa.select(JobRow.kind, JobRow.ref, JobRow.id).where(one_of)
        )
        ids = {(row.kind, row.ref): row.id for row in rows}
    return [ids[pair] for pair in pairs]


def reasons(office: MailboxOffice) -> list[str]:
    """Why people did what they did to the machinery, oldest first."""
    lines = office.parts.desk.actions.newest(limit=99)
    return [line.reason for line in reversed(lines)]


def email_of(office: MailboxOffice, claim_id: int) -> int:
    """The number of an e-mail of a claim."""
    return office.store.outbox.of_claim(claim_id)[0].email_id


def make_lines(office: MailboxOffice, *, is_old: bool) -> None:
    """Let the lines be such as were written before they said what jobs are about."""
    if not is_old:
        return
    with office.store.database.write() as session:
        for line in session.execute(sa.select(OperatorActionRow)).scalars():
            line.data = {name: line.data[name] for name in line.data if name != "about"}


BOTH = pytest.mark.parametrize("is_old", [True, False], ids=["old line", "new line"])
KINDS = (
    *("validate {claim}:event:9", "prepare {claim}:99", "remind {claim}:2026-11-20:3"),
    *("send {email}", "send {email}:released:1", "draft put:{email}"),
    "draft remove:{email}",
)


@BOTH
def test_why_a_job_was_given_up_is_forgotten_with_what_it_is_about(
    office: MailboxOffice, *, is_old: bool
) -> None:
    theirs, others = (
        [named.format(claim=claim, email=email_of(office, claim)) for named in KINDS]
        for claim in (1, 2)
    )
    theirs += ["read 1", "ocr 2"]
    others += ["read 3", "ocr 3"]
    for job in dead(office, *theirs, *others):
        operating.discard(office.parts, [job], by="jane", reason=WHY)
    make_lines(office, is_old=is_old)

    erased(office)

    assert reasons(office) == [""] * len(theirs) + [WHY] * len(others)


@BOTH
def test_a_line_knows_what_its_jobs_were_about_when_these_are_gone(
    office: MailboxOffice, *, is_old: bool
) -> None:
    """Not one from before lines said so."""
    jobs = dead(office, "validate 1:event:9", "ocr 3")
    operating.discard(office.parts, jobs, by="jane", reason=WHY)
    make_lines(office, is_old=is_old)
    with office.store.database.write() as session:
        session.execute(sa.delete(JobRow).where(JobRow.id.in_(jobs)))

    erased(office)

    assert reasons(office) == [WHY if is_old else ""]


@BOTH
def test_one_reason_for_several_jobs_goes_with_any_of_them(
    office: MailboxOffice, *, is_old: bool
) -> None:
    email = email_of(office, 2)
    mixed = dead(office, f"send {email}", "validate 1:event:9", "ocr 3")
    others = dead(office, f"draft put:{email}", "validate 2:event:9")
    for jobs in (mixed, others):
        operating.discard(office.parts, jobs, by="jane", reason=WHY)
    make_lines(office, is_old=is_old)

    erased(office)

    assert reasons(office) == ["", WHY]


def test_one_reason_for_several_jobs_stays_where_a_hold_stands_on_one(
    office: MailboxOffice,
) -> None:
    jobs = dead(office, "validate 1:event:9", "validate 2:event:9")
    operating.discard(office.parts, jobs, by="jane", reason=WHY)
    hold_claim(office, 2)

    erased(office)

    assert reasons(office) == [WHY]


def hold_claim(office: MailboxOffice, claim_id: int) -> None:
    """Let nothing delete a claim."""
    with office.store.transaction() as work:
        holds.hold(
            work.session,
            claim_id=claim_id,
            member_key=None,
            reason="court",
            by="jane",
            at=work.at,
        )


def test_why_an_email_was_discarded_is_forgotten_with_its_claim(
    office: MailboxOffice,
) -> None:
    for claim in (1, 2):
        target = f"email:{email_of(office, claim)}"
        office.parts.desk.actions.add("jane", "e-mail discarded", target, reason=WHY)

    erased(office)

    assert reasons(office) == ["", WHY]


@BOTH
def test_why_a_reply_or_a_placement_was_given_up_is_forgotten(
    office: MailboxOffice, *, is_old: bool
) -> None:
    with office.store.transaction() as work:
        for claim in (1, 2):
            add_pending(work.session, claim, at=work.at)
    for number in (1, 2):
        jobs = dead(office, f"desk_send key{number}", f"triage {number}")
        for job in jobs:
            operating.discard(office.parts, [job], by="jane", reason=WHY)
    make_lines(office, is_old=is_old)

    erased(office)

    assert reasons(office) == ["", "", WHY, WHY]


def add_pending(session: sa.orm.Session, claim: int, *, at: datetime) -> None:
    """A reply that was not sent, `key1`, and a placement that did not happen, 1."""
    seen = {"claim_version": 1, "events_seen": 1, "kind": "ask", "body": "hello"}
    by = {"by": "jane", "at": at, "due_at": at, "why_not": "closed"}
    reply = PendingReplyRow(key=f"key{claim}", claim_id=claim, **seen, **by)
    placement = PendingPlacementRow(
        id=claim, target=f"claim:{claim}", deed="open", claim_id=claim, seen="", **by
    )
    session.add_all([reply, placement])


@pytest.mark.parametrize("about", ["claim", "member"])
def test_a_hold_that_was_lifted_names_nobody_any_more(
    office: MailboxOffice, about: str
) -> None:
    with office.store.transaction() as work:
        claim = 1 if about == "claim" else None
        member = MEMBER.lower() if about == "member" else None
        holds.hold(
            work.session,
            claim_id=claim,
            member_key=member,
            reason="court, xylophonequartet",
            by="jane",
            at=work.at,
        )
        holds.lift(
            work.session, claim_id=claim, member_key=member, by="jane", at=work.at
        )

    erased(office)

    office.store.close()
    assert found_in(office.parts.data_dir) == set()


def test_points_go_with_their_account_and_those_of_others_stay(
    office: MailboxOffice,
) -> None:
    points = office.parts.points
    assert points.balance(Holder(MEMBER, "main")) == 130

    erased(office)

    assert points.accounts_of(MEMBER) == []
    assert points.balance(Holder("M104233", "main")) == 100


def test_an_audit_finds_nothing_and_the_figures_stay(office: MailboxOffice) -> None:
    counts = office.store.audits.counts()

    erased(office)

    assert audit(office.parts, is_deep=True).gaps == []
    assert office.store.audits.counts() == counts


def test_an_audit_beside_an_erasure_misses_nothing(office: MailboxOffice) -> None:
    """What is erased after the audit has listed it is not looked for in vain."""
    listed = list(office.store.audits.raws())
    erased(office)
    office.store.audits.raws = lambda: iter(listed)  # type: ignore[method-assign]

    assert audit(office.parts, is_deep=True).gaps == []


def test_a_new_epoch_of_the_mailbox_brings_nothing_back(office: MailboxOffice) -> None:
    raws = [raw for raw, _ in office.server.mails.values()]
    erased(office)
    office.renumber(8)
    office.server.renumber(8)
    office.server.mails.clear()
    office.server.uidnext = 1

    office.deliver(*raws)
    remove_left(office.parts)

    assert office.store.audits.counts()["claims"] == 2
    assert audit(office.parts).gaps == []
    office.store.holds.compact()
    office.store.close()
    assert found_in(office.parts.data_dir) == set()


def test_a_mailbox_that_was_renumbered_before_keeps_no_bytes(
    office: MailboxOffice,
) -> None:
    raws = [raw for raw, _ in office.server.mails.values()]
    office.renumber(8)
    office.server.renumber(8)
    office.server.mails.clear()
    office.server.uidnext = 1
    office.deliver(*raws)

    erased(office)

    office.store.close()
    assert found_in(office.parts.data_dir) == set()


def test_what_a_mail_was_corrected_from_goes_with_it(office: MailboxOffice) -> None:
    mail = make_claim_mail(member=MEMBER, order=ORDER, sender=ADDRESS, text=TEXT)
    broken = b"X-Breaks-The-Reader: yes\r\n" + mail.replace(b"<one@", b"<three@")
    parked = office.deliver(broken)
    office.run_again()
    office.run_again()
    (job,) = office.parts.desk.dead_letters.ids(limit=10)
    why = "the header of the xylophonequartet"
    made = correct(office.parts, job, mail + b"\r\n", by="jane", reason=why)
    office.run()
    assert office.store.mails.get(made).claim_id is not None
    close_claims(office)

    erased(office)

    office.store.close()
    assert not office.parts.raw.has(sha256(broken).hexdigest())
    assert found_in(office.parts.data_dir) == set()
    assert parked != made


def close_claims(office: MailboxOffice) -> None:
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            "update claims set state = 'withdrawn', is_open = false"
            " where member_key = 'm777123'"
        )


def test_who_did_it_and_why_is_recorded_without_naming_the_member(
    office: MailboxOffice,
) -> None:
    erased(office)

    with office.store.database.read() as session:
        rows = session.connection().exec_driver_sql('select "by", basis from erasures')
        assert rows.all() == [("jane", "request")]
    assert "jane" in (office.parts.data_dir / "erasures.jsonl").read_text()


def test_a_restored_record_is_erased_again_by_the_log(
    office: MailboxOffice, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.db"
    with office.store.database.write() as session:
        session.connection().exec_driver_sql("select 1")
    with office.store.database.engine.connect() as connection:
        bare = connection.connection.dbapi_connection
        assert bare is not None
        bare.execute(f"vacuum into '{backup}'")
    erased(office)
    office.store.close()
    database = office.parts.data_dir / "claims.db"
    database.write_bytes(backup.read_bytes())
    for end in ("-wal", "-shm"):
        Path(f"{database}{end}").unlink(missing_ok=True)
    backup.unlink()

    again = erase_again(office.parts, None, by="jane")

    office.store.close()
    assert again == ErasedAgain(members=1)
    assert found_in(office.parts.data_dir) == set()


def log_of(office: MailboxOffice, *members: str) -> Path:
    """A log of erasures in which these were erased an hour ago."""
    path = office.parts.data_dir / "erasures.jsonl"
    at = (office.clock.at - timedelta(hours=1)).isoformat()
    for key in members:
        tag = member_tag(office.parts, key)
        entry = {"tag": tag, "at": at, "by": "jane", "basis": "request"}
        with path.open("a") as log:
            log.write(json.dumps(entry) + "\n")
    return path


def test_one_who_cannot_be_erased_again_keeps_nobody_else(
    office: MailboxOffice,
) -> None:
    office.clock.at += timedelta(hours=2)
    log_of(office, "m104233", MEMBER.lower())

    with pytest.raises(UsageError, match="was erased again, 1 not: CLM-000002"):
        erase_again(office.parts, None, by="jane")

    assert office.store.mails.get(1).mail is None
    assert office.store.mails.get(3).mail is not None


def test_a_recovery_stands_although_somebody_cannot_be_erased_again(
    office: MailboxOffice,
) -> None:
    at = office.clock.at
    office.clock.at += timedelta(hours=2)
    log_of(office, "m104233", MEMBER.lower())

    found = recover(office.parts, backup_at=at, lost_at=at, sent_list=None, by="jane")

    assert "1 not: CLM-000002 is open" in found.refused
    assert office.store.mails.get(1).mail is None


def with_key(office: MailboxOffice, key: bytes) -> None:
    """From now on the installation has another secret key."""
    office.parts.__dict__["secret_key"] = key


def test_lines_of_another_key_are_counted_and_the_others_carried_out(
    office: MailboxOffice,
) -> None:
    ours = office.parts.secret_key
    log = office.parts.data_dir / "erasures.jsonl"
    erased(office)
    kept = log.read_text()
    office.clock.at += timedelta(hours=2)
    with_key(office, b"n" * 32)

    with pytest.raises(UsageError) as told:
        erase_again(office.parts, None, by="jane")

    assert str(told.value).startswith(
        f"0 members were erased again, 1 line of {log} was written with another"
        " secret key, "
    )
    assert "in CLAIMS_SECRET_KEY" in str(told.value)
    assert log.read_text() == kept
    with_key(office, ours)
    assert erase_again(office.parts, None, by="jane").lacks == ""


def test_a_key_that_was_changed_keeps_nobody_of_the_new_one(
    office: MailboxOffice,
) -> None:
    key = {"key": erasure_log.key_check(b"earlier" * 8)}
    office.clock.at += timedelta(hours=2)
    path = log_of(office, MEMBER.lower())
    strange = {"tag": "0c81", "at": "2026-11-18T00:00:00Z", "basis": "request", **key}
    path.write_text(path.read_text() + f"{json.dumps(strange)}\n" * 2)

    with pytest.raises(UsageError, match=r"1 member was erased again, 2 lines of "):
        erase_again(office.parts, None, by="jane")

    assert office.store.mails.get(1).mail is None


TORN = '{"tag": "0c81", "at": "2026-11-'


def test_a_line_that_a_death_tore_keeps_nobody_else(office: MailboxOffice) -> None:
    office.clock.at += timedelta(hours=2)
    path = log_of(office, MEMBER.lower())
    path.write_text(f"{path.read_text()}\n{TORN}")

    again = erase_again(office.parts, None, by="jane")

    assert again.members == 1
    assert again.lacks.startswith(f"line 3 of {path} is torn and left out: ")
    assert office.store.mails.get(1).mail is None


def test_an_erasure_after_a_torn_line_is_on_a_line_of_its_own(
    office: MailboxOffice,
) -> None:
    path = log_of(office)
    path.write_text(TORN)

    erased(office)

    torn, line = path.read_text().splitlines()
    assert torn == TORN
    assert json.loads(line)["tag"] == member_tag(office.parts, MEMBER.lower())


def test_a_recovery_says_which_line_is_torn(office: MailboxOffice) -> None:
    at = office.clock.at
    office.clock.at += timedelta(hours=2)
    path = log_of(office, MEMBER.lower())
    path.write_text(path.read_text() + TORN)

    found = recover(office.parts, backup_at=at, lost_at=at, sent_list=None, by="jane")

    assert found.erased == 1
    assert found.refused.startswith(f"line 2 of {path} is torn")


def test_a_line_that_is_damaged_keeps_nobody_else_and_is_named(
    office: MailboxOffice,
) -> None:
    office.clock.at += timedelta(hours=2)
    path = log_of(office, MEMBER.lower())
    path.write_text(f'{{"tag": "0c81"}}\n{path.read_text()}')

    with pytest.raises(UsageError, match=r"was erased again, line 1 of .* is damaged"):
        erase_again(office.parts, None, by="jane")

    assert office.store.mails.get(1).mail is None


def test_who_came_back_after_an_erasure_is_left_alone(office: MailboxOffice) -> None:
    office.clock.at += timedelta(minutes=30)
    log_of(office, MEMBER.lower())
    before = office.store.claims.get(1), office.store.mails.get(2)

    erase_again(office.parts, None, by="jane")

    assert (office.store.claims.get(1), office.store.mails.get(2)) == before
    assert office.parts.points.balance(Holder(MEMBER, "main")) == 130
    assert office.store.orders.member(MEMBER) is not None


def test_the_log_is_written_before_the_record_forgets(
    office: MailboxOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_parts: object, _entry: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("worker.adapters.erasure_log.append", stop)

    with pytest.raises(OSError, match="disk full"):
        erased(office)

    assert office.store.mails.get(1).mail is not None


@pytest.mark.parametrize("about", ["claim", "member"])
def test_a_legal_hold_stands_above_it(office: MailboxOffice, about: str) -> None:
    with office.store.transaction() as work:
        holds.hold(
            work.session,
            claim_id=1 if about == "claim" else None,
            member_key=MEMBER.lower() if about == "member" else None,
            reason="court",
            by="jane",
            at=work.at,
        )

    with pytest.raises(UsageError, match="legal hold"):
        erased(office)

    assert found_in(office.parts.data_dir) == set(CANARIES)


def test_an_open_claim_stands_against_it(office: MailboxOffice) -> None:
    with pytest.raises(UsageError, match="CLM-000002 is open"):
        erase(office.parts, "M104233", by="jane", basis="request", is_applied=True)


# -- retention ------------------------------------------------------------------------


def retention(office: MailboxOffice, tmp_path: Path, text: str) -> None:
    path = tmp_path / "retention.toml"
    path.write_text(text)
    office.parts.__dict__["retention"] = read_retention(path)


def counted(office: MailboxOffice) -> dict[str, int]:
    return {one.what.value: one.count for one in plan(office.parts) if one.count}


def test_only_sessions_go_where_nothing_was_set(office: MailboxOffice) -> None:
    office.clock.at += timedelta(days=5000)

    assert counted(office) == {}
    assert [one.what for one in plan(office.parts) if one.before] == ["sessions"]


def test_what_is_older_goes_and_what_is_younger_or_open_stays(
    office: MailboxOffice, tmp_path: Path
) -> None:
    text = 'claims = "40 days"\nother_mails = "40 days"\nactions = "keep"\n'
    retention(office, tmp_path, text)
    young = counted(office)
    office.clock.at += timedelta(days=41)

    due = counted(office)
    gone = apply(office.parts, by="jane")

    assert young == {}
    assert due == {"claims": 1, "other_mails": 1}
    assert {what.value: n for what, n in gone.items() if n} == due
    assert counted(office) == {}
    assert audit(office.parts, is_deep=True).gaps == []
    second = office.store.claims.get(2)
    assert second is not None
    assert second.member_id == "M104233"


def test_the_raw_mails_of_a_closed_claim_may_go_before_it(
    office: MailboxOffice, tmp_path: Path
) -> None:
    retention(office, tmp_path, 'raw_mails = "30 days"\n')
    office.clock.at += timedelta(days=31)
    digest = office.store.mails.get(1).sha256

    apply(office.parts, by="jane")

    claim = office.store.claims.get(1)
    assert claim is not None
    assert claim.member_id == MEMBER
    assert not office.parts.raw.has(digest)
    assert all(email.raw for email in office.store.outbox.of_claim(1))
    assert audit(office.parts, is_deep=True).gaps == []


def test_a_mail_of_two_claims_goes_with_the_last_of_them(
    office: MailboxOffice,
) -> None:
    """Though they are erased in different nights, and it is the first one's own."""
    with office.store.transaction() as work:
        work.share_mail(2, 1, by="jane")
    with office.store.transaction() as work:
        with_first = belongings.mails_of_claims(work.session, [1])
        erasing_rows.erase_claims(work.session, [1], at=work.at)
    with office.store.transaction() as work:
        with_last = belongings.mails_of_claims(work.session, [2])

    assert 1 not in with_first
    assert {1, 3} <= with_last


def test_a_hold_keeps_what_was_done_to_a_mail_of_two_claims(
    office: MailboxOffice, tmp_path: Path
) -> None:
    """The hold is on the second claim; the mail is the first one's own."""
    retention(office, tmp_path, 'actions = "30 days"\n')
    with office.store.transaction() as work:
        work.share_mail(2, 1, by="jane")
        for target in ("claim:1", "mail:1", "mail:2", "claim:2", "mail:3"):
            actions.append(work.session, work.at, "jane", "looked at", target)
    hold_claim(office, 2)
    office.clock.at += timedelta(days=31)

    gone = apply(office.parts, by="upkeep")

    lines = office.parts.desk.actions.newest(limit=99)
    kept = {line.target for line in lines if line.by == "jane"}
    assert gone[DataClass.ACTIONS] == 2
    assert kept == {"mail:1", "claim:2", "mail:3"}


def test_a_held_claim_is_kept(office: MailboxOffice, tmp_path: Path) -> None:
    retention(office, tmp_path, 'claims = "30 days"\nraw_mails = "30 days"\n')
    office.clock.at += timedelta(days=31)
    with office.store.transaction() as work:
        holds.hold(
            work.session, claim_id=1, member_key=None, reason="x", by="j", at=work.at
        )

    assert counted(office) == {}


@pytest.mark.parametrize("about", ["claim", "member"])
def test_a_hold_keeps_the_members_other_mails_and_what_was_done_to_them(
    office: MailboxOffice, tmp_path: Path, about: str
) -> None:
    retention(office, tmp_path, 'other_mails = "30 days"\nactions = "30 days"\n')
    with office.store.transaction() as work:
        for target in ("claim:1", "mail:1", "mail:2", "claim:2", "queue:read"):
            actions.append(work.session, work.at, "jane", "looked at", target)
        holds.hold(
            work.session,
            claim_id=1 if about == "claim" else None,
            member_key=MEMBER.lower() if about == "member" else None,
            reason="court",
            by="jane",
            at=work.at,
        )
    office.clock.at += timedelta(days=31)

    assert counted(office) == {"actions": 2}


def test_a_hold_keeps_what_was_done_to_jobs_and_emails_of_its_claim(
    office: MailboxOffice, tmp_path: Path
) -> None:
    retention(office, tmp_path, 'actions = "30 days"\n')
    email = email_of(office, 2)
    several = dead(office, "validate 1:event:9", "validate 2:event:9")
    one = dead(office, f"send {email}")
    other = dead(office, "ocr 2")
    for jobs in (several, one, other):
        operating.discard(office.parts, jobs, by="jane", reason=WHY)
    office.parts.desk.actions.add("jane", "e-mail discarded", f"email:{email}")
    hold_claim(office, 2)
    office.clock.at += timedelta(days=31)

    assert counted(office) == {"actions": 1}


@pytest.mark.parametrize(
    "text",
    ['claims = "2 days"', "claims = 7", 'claims = "soon"', 'mails = "2 years"', "=="],
)
def test_a_wrong_file_names_its_fault(tmp_path: Path, text: str) -> None:
    path = tmp_path / "retention.toml"
    path.write_text(text)

    with pytest.raises(SettingsInvalid):
        read_retention(path)
