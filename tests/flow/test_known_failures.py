"""Failures of other mail-to-case systems, tried on the real steps.

docs/known-failures.md has the whole list; here are those that no single part of the
worker could show.
"""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.builders import a_package, a_when, an_order
from tests.builders_mail import (
    a_file,
    auto_reply,
    bounce,
    claim_files,
    make_claim_mail,
    make_mail,
    photo,
)
from tests.fakes import Killed
from tests.office import OPENING, InlineReader, Office, an_office
from worker import decide
from worker.adapters.mime import parse
from worker.adapters.store import Work
from worker.domain.claim import ClaimState
from worker.domain.errors import GiveUp, RetryLater
from worker.domain.mail import Mail
from worker.domain.orders import Member, Order
from worker.steps import intake

ON_FILE = "lena.hoffmann@mail.example"
STRANGER = "Lena H <lena.private@other.example>"
DELIVERED = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
COMMITS = 7
"""Of a mail that is read, understood, assessed, marked, answered and noted."""
SUBJECT = "M104233+ORD-20261104-0183+Claim"
ORDER = "ORD-20261104-0183"


def the_order(number: str = ORDER, **member: object) -> Order:
    package = dataclasses.replace(
        a_package(), arrived=a_when(DELIVERED - DAY), delivered=a_when(DELIVERED)
    )
    order = an_order(number, packages=(package,))
    whose: Member = dataclasses.replace(order.member, **member)  # type: ignore[arg-type]
    return dataclasses.replace(order, member=whose)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office", the_order()) as office:
        yield office


def fates(office: Office) -> dict[str, int]:
    return office.store.mails.fates()


def one(office: Office, query: str) -> int:
    with office.store.database.read() as session:
        found = session.connection().exec_driver_sql(query).scalar_one()
    return int(str(found))


def run_dead_leases(office: Office) -> None:
    """Do what the scheduler does once the leases of a dead worker have run out."""
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            "update jobs set lease_until_ms = 0 where state = 'running'"
        )
    office.run_again()


# -- lost mail --------------------------------------------------------------------


@dataclass
class Marks:
    """ports.Marker that writes down which UID it marked, and looks at the ledger."""

    office: Office
    marked: list[int] = field(default_factory=list)

    def mark(self, *, uidvalidity: int, uid: int) -> None:
        assert uidvalidity == 7
        record = self.office.store.mails.get(uid)
        assert record.fate is not None
        assert self.office.parts.raw.has(record.sha256)
        self.marked.append(uid)


@pytest.fixture
def marks(office: Office) -> Marks:
    marks = Marks(office)
    office.parts.__dict__["marker"] = marks
    return marks


class Kills:
    """Kills the worker at its n-th transaction, just before or just after the commit.

    Nothing happens after it, as with `kill -9`: no transaction is written any more.
    """

    def __init__(self, office: Office, *, at: int, is_committed: bool) -> None:
        self._open = office.store.transaction
        self._left = at
        self._is_committed = is_committed
        self.is_dead = False

    @contextmanager
    def transaction(self) -> Iterator[Work]:
        if self.is_dead:
            raise Killed
        self._left -= 1
        if self._left:
            with self._open() as work:
                yield work
            return
        self.is_dead = True
        with self._open() as work:
            yield work
            if not self._is_committed:
                raise Killed
        raise Killed


@pytest.mark.parametrize("is_committed", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, COMMITS + 1))
def test_L3_a_kill_at_any_commit_loses_and_doubles_nothing(
    office: Office,
    marks: Marks,
    monkeypatch: pytest.MonkeyPatch,
    at: int,
    *,
    is_committed: bool,
) -> None:
    """Read, understood, assessed, marked, begun to send, sent, noted: fate first."""
    kills = Kills(office, at=at, is_committed=is_committed)
    with monkeypatch.context() as patch:
        patch.setattr(office.store, "transaction", kills.transaction)
        try:
            office.deliver(make_claim_mail())
        except Killed:
            office.queue.bells.clear()

    for _ in range(3):
        run_dead_leases(office)

    assert office.fate(1) == "claim"
    assert office.state() is ClaimState.UNDER_REVIEW
    assert [email.status for email in office.emails] == ["sent"]
    assert set(marks.marked) == {1}
    assert len(set(office.relay.taken)) == 1
    assert len(office.relay.taken) <= 1 + office.emails[0].uncertain
    assert one(office, "select count(*) from jobs where state <> 'done'") == 0


def test_L3_each_commit_on_the_way_of_a_mail_is_killed_above(
    office: Office, marks: Marks, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = 0
    open_transaction = office.store.transaction

    @contextmanager
    def counted() -> Iterator[Work]:
        nonlocal commits
        commits += 1
        with open_transaction() as work:
            yield work

    monkeypatch.setattr(office.store, "transaction", counted)

    office.deliver(make_claim_mail())

    assert marks.marked == [1]
    assert commits == COMMITS


def test_L11_what_was_not_stored_or_has_no_fate_is_never_marked(
    office: Office, marks: Marks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moving a mail whose claim was rolled back is how others lost theirs."""

    def fail(*_: object) -> None:
        raise RetryLater("database_locked")

    with monkeypatch.context() as patch:
        patch.setattr(intake, "_settled", fail)
        office.deliver(make_claim_mail())
        assert marks.marked == []
        assert fates(office) == {"open": 1}

    office.run_again()

    assert marks.marked == [1]
    assert fates(office) == {"claim": 1}


def test_L11_a_mail_that_nobody_could_read_stays_where_it_is(
    office: Office, marks: Marks
) -> None:
    office.deliver(make_mail(headers=[("X-Breaks-The-Reader", "yes")]))
    office.run_again()
    office.run_again()

    assert fates(office) == {"parked": 1}
    assert marks.marked == []


def test_L10_a_mark_that_is_refused_for_good_is_a_dead_letter_and_stops_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch, marks: Marks
) -> None:
    def refuse(**_: object) -> None:
        raise GiveUp("uidvalidity_changed")

    monkeypatch.setattr(marks, "mark", refuse)

    office.deliver(make_claim_mail())

    assert office.kinds == ["received"]
    assert office.store.stats.counts().dead_letters == 1


def test_L17_what_machines_write_is_stored_and_seen_though_never_answered(
    office: Office,
) -> None:
    """Automatic mail that was dropped at the door made bounces invisible."""
    raws = [
        auto_reply(),
        bounce(),
        make_mail(headers=[("List-Id", "<news.shop.example>")]),
        make_mail(sender="claims@logistics.example"),
    ]

    numbers = [office.deliver(raw) for raw in raws]

    for number, raw in zip(numbers, raws, strict=True):
        assert office.parts.raw.get(office.store.mails.get(number).sha256) == raw
    assert fates(office) == {"auto_reply": 1, "bounce": 1, "not_a_claim": 2}
    assert office.emails == []


# -- duplicates -------------------------------------------------------------------


def test_D2_a_job_that_is_running_is_not_run_a_second_time(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow work, and the next ring comes before it ended."""
    reader = office.parts.reader
    assert isinstance(reader, InlineReader)
    read, reads = reader.read, 0

    def slowly(sha256: str) -> Mail:
        nonlocal reads
        reads += 1
        for job_id in range(1, 5):
            office._runner.run(job_id)  # noqa: SLF001 - the ring that came too early
        return read(sha256)

    monkeypatch.setattr(reader, "read", slowly)

    office.deliver(make_claim_mail())

    assert reads == 1
    assert fates(office) == {"claim": 1}
    assert office.kinds == ["received"]


def test_D4_a_mail_without_an_id_that_comes_under_other_uids_is_one_claim(
    office: Office,
) -> None:
    """The server counts anew each time and a relay adds its trace: same content."""
    raw = make_claim_mail().replace(b"Message-ID: <one@mail.example>\r\n", b"")
    assert parse(raw).message_id is None
    office.deliver(raw)

    for epoch in range(8, 11):
        office.renumber(epoch)
        office.deliver(b"X-Seen-By: gateway %d\r\n" % epoch + raw)

    assert fates(office) == {"claim": 1, "duplicate": 3}
    assert office.kinds == ["received"]


def test_D6_a_closed_claim_does_not_return_with_its_mails(office: Office) -> None:
    """The mails stay in the mailbox; their rows stay here, whatever became of them."""
    mails = [make_claim_mail(), make_claim_mail(text="Thanks.", files=[])]
    office.deliver(*mails)
    decide.reject(
        office.parts, office.claim, clauses=("G1",), by="jane", reason="Seen."
    )
    office.run()
    before, sent = office.claim, len(office.relay.taken)
    assert not before.is_open

    office.renumber(8)
    office.deliver(*mails)

    assert office.claim == before
    assert len(office.relay.taken) == sent


def test_D7_a_copy_by_a_road_that_proves_less_does_not_eclipse_the_members_mail(
    office: Office,
) -> None:
    """A forwarder breaks SPF and DKIM, so its copy, which came first, is held."""
    office.deliver(make_claim_mail(authentication="dmarc=fail header.from={domain}"))
    assert office.state() is ClaimState.IDENTITY_HOLD

    office.deliver(make_claim_mail())

    assert office.state() is ClaimState.UNDER_REVIEW
    assert office.kinds == ["received"]


# -- loops ------------------------------------------------------------------------


def test_S1_a_bounce_of_our_answer_is_a_bounce_and_not_a_new_claim(
    office: Office,
) -> None:
    """From the null path, with our subject and the member's ids in it."""
    office.deliver(make_claim_mail())
    before, (receipt,) = office.claim, office.emails
    raw = bounce(original_id=receipt.message_id)
    subject = f"Undelivered: Re: {SUBJECT}".encode()

    mail_id = office.deliver(
        raw.replace(b"Undelivered Mail Returned to Sender", subject)
    )

    assert office.fate(mail_id) == "bounce"
    assert (office.claim.state, office.claim.respond_by) == (
        before.state,
        before.respond_by,
    )
    assert len(office.relay.taken) == 1


class Responder:
    """A machine that answers each of our mails and says nowhere that it is one."""

    def __init__(self, office: Office, sender: str) -> None:
        self._office = office
        self._sender = sender
        self._heard = 0
        self.rounds = 0

    def answer(self, write: Callable[[bytes, int], dict[str, object]]) -> bool:
        """Answer the next of our mails to it; False when there is none."""
        raws = [raw for to, raw in self._office.relay.taken if to in self._sender]
        if self._heard == len(raws):
            return False
        raw = raws[self._heard]
        self._heard += 1
        self.rounds += 1
        self._office.clock.at += MINUTE
        self._office.deliver(
            make_claim_mail(
                sender=self._sender,
                received_at=self._office.clock.at,
                **write(raw, self.rounds),  # type: ignore[arg-type]
            )
        )
        return True

    def play(self, write: Callable[[bytes, int], dict[str, object]]) -> int:
        """Answer until nothing comes any more; return how many of ours there were."""
        while self.rounds < 60 and self.answer(write):
            pass
        assert self.rounds < 60, "the loop never ends"
        return self._heard


def away(raw: bytes, number: int) -> dict[str, object]:
    """An out-of-office notice without any header of RFC 3834, in a thread."""
    ours = message_from_bytes(raw, policy=policy.default)
    return {
        "subject": f"Re: {ours['Subject']}",
        "text": f"I read my mail again on Monday. ({number})",
        "files": [],
        "headers": [
            ("In-Reply-To", str(ours["Message-ID"])),
            ("References", str(ours["Message-ID"])),
        ],
    }


def ticket(raw: bytes, number: int) -> dict[str, object]:
    """Another ticket system: a number of its own, no thread, our text quoted."""
    return {
        "subject": f"[Ticket#{7000 + number}] Your request was received",
        "text": f"We opened ticket {7000 + number}.\n\n{parse(raw).text}",
        "files": [],
    }


def filing(raw: bytes, number: int) -> dict[str, object]:
    """A ticket system that keeps our thread and encloses another picture each time."""
    picture = a_file(photo(number + 10), f"damage {number}.jpg")
    return away(raw, number) | {"text": f"See enclosed {number}.", "files": [picture]}


@pytest.mark.parametrize("write", [away, ticket])
@pytest.mark.parametrize("sender", [f"Lena <{ON_FILE}>", STRANGER])
def test_S2_and_S3_an_answer_to_each_answer_ends_within_the_budget(
    office: Office, sender: str, write: Callable[[bytes, int], dict[str, object]]
) -> None:
    office.deliver(make_claim_mail(sender=sender))

    Responder(office, sender).play(write)

    to_it = [to for to, _ in office.relay.taken if to in sender]
    assert 1 <= len(to_it) <= 4
    assert "open" not in fates(office)


def test_S3_a_claim_has_a_budget_whoever_writes_about_it(office: Office) -> None:
    """Each mail brings something new, so that each would be worth an answer."""
    office.deliver(make_claim_mail(files=claim_files()[1:2]))

    Responder(office, ON_FILE).play(filing)

    assert len(office.relay.taken) <= 12


def test_S3_two_of_us_do_not_answer_each_other(office: Office, tmp_path: Path) -> None:
    office.deliver(make_claim_mail())
    ((_, receipt),) = office.relay.taken
    theirs = {"CLAIMS_FROM": "claims@other.example"}
    with an_office(tmp_path / "other", the_order(), **theirs) as other:
        other.deliver(receipt)

        assert fates(other) == {"not_a_claim": 1}
        assert other.emails == []


# -- poison -----------------------------------------------------------------------


class Unheard(Exception):
    """Derived from nothing that anybody would think of."""


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("read", Unheard()),
        ("read", MemoryError()),
        ("understand", Unheard()),
        ("understand", UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x")),
        ("understand", RecursionError()),
        ("understand", OSError(5, "x")),
        ("understand", StopIteration()),
        ("validate", Unheard()),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_P3_whatever_one_mail_raises_the_next_one_is_answered(
    office: Office, monkeypatch: pytest.MonkeyPatch, step: str, error: Exception
) -> None:
    monkeypatch.setattr(*_door(office, step, error))
    first = make_claim_mail()
    second = make_claim_mail(sender=STRANGER, text="Another one.")

    office.deliver(first, second)
    office.run_again()
    office.run_again()

    assert fates(office)["identity_hold"] == 1
    assert sorted(office.kinds)[:1] == ["confirm_identity"]
    assert office.store.stats.counts().dead_letters == 1


def _door(office: Office, step: str, error: Exception) -> tuple[object, str, object]:
    """Return what raises the error for the first mail alone, for monkeypatch."""
    if step == "read":
        read = office.parts.reader.read
        first = office.parts.raw.put([make_claim_mail()]).sha256

        def reading(sha256: str) -> Mail:
            if sha256 == first:
                raise error
            return read(sha256)

        return office.parts.reader, "read", reading
    name = {"understand": "settle_mail", "validate": "save_assessment"}[step]
    real = getattr(Work, name)

    def writing(work: Work, number: int, *rest: object, **more: object) -> None:
        if number == 1:
            raise error
        real(work, number, *rest, **more)

    return Work, name, writing


def test_P12_a_mail_that_fails_for_ever_is_tried_three_times_and_kept_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its bytes nor its files pile up, however often it is looked at."""
    reader = office.parts.reader
    reads = 0

    def fail(_: str) -> Mail:
        nonlocal reads
        reads += 1
        raise ValueError

    monkeypatch.setattr(reader, "read", fail)
    office.deliver(make_claim_mail())
    blobs = _blobs(office)

    for _ in range(10):
        office.run_again()
    office.deliver(make_claim_mail())

    assert reads == 4
    assert fates(office) == {"parked": 1, "open": 1}
    assert _blobs(office) == blobs


def _blobs(office: Office) -> list[str]:
    folder = office.parts.data_dir / "raw"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# -- threads, clocks --------------------------------------------------------------


def test_T1_a_member_who_answers_anothers_thread_joins_nothing_and_hears_nothing(
    tmp_path: Path,
) -> None:
    """Proven and on file, but for an order of their own."""
    eve = the_order(
        "ORD-20261107-0001", member_id="M900001", addresses=("eve@x.example",)
    )
    with an_office(tmp_path / "office", the_order(), eve) as office:
        office.deliver(make_claim_mail())
        claim, issued = office.store.claims.get(1), office.emails[0].message_id

        office.deliver(
            make_claim_mail(
                sender="eve@x.example",
                subject="Re: your claim",
                text="What do you know about it?",
                files=[a_file(photo(9), "box.jpg")],
                headers=[("In-Reply-To", issued), ("References", issued)],
            )
        )

        assert office.store.claims.get(1) == claim
        assert fates(office) == {"claim": 1, "identity_hold": 1}
        to_eve = [raw for to, raw in office.relay.taken if to == "eve@x.example"]
        for raw in to_eve:
            told = parse(raw).text
            assert "Hoffmann" not in told
            assert "M104233" not in told


@pytest.mark.parametrize(
    ("subject", "headers"),
    [
        (f"Re: {SUBJECT}", [("Thread-Index", "AdpX1wZt")]),
        ("M104233+ORD-20261104-01834+Claim", []),
        ("M104233+ORD-20261104-018+Claim", []),
        ("M1042334+ORD-20261104-0183+Claim", []),
        ("Re: my parcel", [("In-Reply-To", "<xone@mail.example>")]),
        ("Re: my parcel", [("References", "<one@mail.example.org>")]),
        ("Re: my parcel", [("Thread-Topic", SUBJECT), ("X-Claim", "CLM-000001")]),
        ("CLM-000001", []),
    ],
)
def test_T2_only_whole_ids_find_a_claim(
    office: Office, subject: str, headers: list[tuple[str, str]]
) -> None:
    """Not a part of an id, not Thread-Index, not a subject that is alike."""
    office.deliver(make_claim_mail(headers=[("Thread-Index", "AdpX1wZt")]))
    claim = office.claim
    is_whole = subject == f"Re: {SUBJECT}"

    office.deliver(
        make_claim_mail(
            subject=subject, text="More of it.", files=[], headers=headers
        ).replace(b"<one@mail.example>\r\nMIME", b"<two@mail.example>\r\nMIME")
    )

    assert fates(office) == {
        "claim": 1,
        ("follow_up" if is_whole else "cannot_match"): 1,
    }
    assert is_whole or office.claim == claim


@pytest.mark.parametrize(
    "written",
    [
        "Sat, 01 Jan 2031 00:00:00 +0000",
        "Thu, 01 Jan 1970 00:00:00 +0000",
        "Wed, 18 Nov 2026 19:10:00 -2400",
        "yesterday evening",
        "",
    ],
)
@pytest.mark.parametrize("is_stamped", [True, False])
def test_T5_no_clock_runs_by_the_date_that_the_sender_wrote(
    office: Office, written: str, *, is_stamped: bool
) -> None:
    """Without a stamp of our exchanger the clock is our own first sight of the mail."""
    raw = make_claim_mail()
    if not is_stamped:
        raw = raw[raw.index(b"From: ") :]
    line = next(one for one in raw.split(b"\r\n") if one.startswith(b"Date: "))

    office.deliver(raw.replace(line, f"Date: {written}".encode(), 1))

    received_at = RECEIVED if is_stamped else OPENING
    assert office.claim.received_at == received_at
    assert office.claim.respond_by == received_at + 7 * DAY
    assert office.state() is ClaimState.UNDER_REVIEW


@pytest.mark.parametrize("is_threaded", [False, True])
def test_T7_thanks_reopen_no_closed_claim_and_start_no_clock(
    office: Office, *, is_threaded: bool
) -> None:
    office.deliver(make_claim_mail())
    decide.reject(
        office.parts, office.claim, clauses=("G1",), by="jane", reason="Seen."
    )
    office.run()
    before, sent = office.claim, len(office.relay.taken)

    answers = [("In-Reply-To", office.emails[-1].message_id)] if is_threaded else []

    mail_id = office.deliver(
        make_claim_mail(
            text="Thank you anyway.", files=[], received_at=OPENING, headers=answers
        )
    )

    after = office.claim
    assert (after.state, after.respond_by) == (before.state, before.respond_by)
    assert office.fate(mail_id) == "follow_up"
    assert len(office.relay.taken) == sent
    assert one(office, "select count(*) from alerts where code = 'mail_after_close'")


def test_T7_a_new_claim_after_a_closed_one_is_a_new_claim(office: Office) -> None:
    office.deliver(make_claim_mail())
    decide.reject(
        office.parts, office.claim, clauses=("G1",), by="jane", reason="Seen."
    )
    office.run()

    mail_id = office.deliver(
        make_claim_mail(text="It is damaged, look.", received_at=OPENING)
    )

    assert office.fate(mail_id) == "claim"
