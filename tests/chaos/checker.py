"""The checker: reads mailbox, record, raw store and relay after a run, and objects.

It knows the tables, and not the code that writes them. Invariants I1 to I10 are those
of reliability.md 5.2; each violation is a sentence that names the row.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from bench.record import Row, message_id_of, rows
from tests.services import SunkMail

MailKeys = Mapping[tuple[int, int], str]
"""The digest of each mail on the server, by (UIDVALIDITY, UID)."""

MACHINES = frozenset({"auto_reply", "bounce", "not_a_claim", "duplicate"})
"""Fates of mails that are never answered (RFC 3834)."""
OPENING = frozenset({"claim.opened", "sender.unknown"})
JOINING = frozenset({"mail.joined", "identity.confirmed", "reply.after_close"})
MOST_FAILURES, MOST_VANISHED = 3, 6
"""Source: DESIGN section 2, Jobs."""
OVERDUE_MS = 60_000
PARTLY_KEPT = frozenset({"oversize", "fetch_failed"})
"""Troubles of mails of which not every byte is kept."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that does not hold: its name, and what was seen."""

    invariant: str
    what: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.what}"


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that must stay within bounds, such as the memory of a process."""

    name: str
    value: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is left after a run.

    Attributes:
        database_url: of the record.
        mails: what lies in the mailbox now.
        raw: the folder of the raw store.
        sunk: what the relay kept, oldest first.
        logs: files in which nothing of `canaries` may stand.
        canaries: words that only mails, secrets and addresses hold.
        most_to_stranger: automatic mails in a day to an address that is not proven.
        measures: of memory, files and threads.
        is_over: whether faults ended long enough ago for nothing to be left to do.
    """

    database_url: str
    mails: MailKeys
    raw: Path
    sunk: Iterable[SunkMail] = ()
    logs: tuple[Path, ...] = ()
    canaries: tuple[str, ...] = ()
    most_to_stranger: int = 3
    measures: tuple[Measure, ...] = ()
    is_over: bool = True


@dataclass(slots=True)
class Record:
    """The tables that the invariants speak of."""

    url: str
    mails: list[Row] = field(init=False)
    claims: list[Row] = field(init=False)
    events: dict[int, list[Row]] = field(init=False)
    emails: list[Row] = field(init=False)
    jobs: list[Row] = field(init=False)
    now_ms: int = field(init=False)

    def __post_init__(self) -> None:
        self.mails = rows(
            self.url,
            "select id, uidvalidity, uid, sha256, trouble, fate, claim_id, sender_tier,"
            " sender_address, alias_of from mails order by id",
        )
        self.claims = rows(self.url, "select id, state from claims order by id")
        self.events = defaultdict(list)
        for event in rows(self.url, "select * from claim_events order by seq"):
            self.events[event["claim_id"]].append(event)
        self.emails = rows(self.url, "select * from emails order by id")
        self.jobs = rows(self.url, "select * from jobs order by id")
        clock = (
            "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
            if self.url.startswith("sqlite")
            else "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
        )
        ((self.now_ms,),) = (r.values() for r in rows(self.url, f"select {clock} as n"))


def check(scene: Scene) -> list[Violation]:
    """Return every violation, in the order of the invariants; none is the answer."""
    record = Record(scene.database_url)
    return [
        *(Violation("I1", one) for one in _each_mail_is_stored_once(scene, record)),
        *(Violation("I2", one) for one in _each_mail_has_one_effect(record)),
        *(Violation("I3", one) for one in _each_change_has_its_event(record)),
        *(Violation("I4", one) for one in _each_sent_mail_arrived(scene, record)),
        *(Violation("I5", one) for one in _no_machine_is_answered(scene, record)),
        *(Violation("I6", one) for one in _nothing_is_stuck(scene, record)),
        *(Violation("I7", one) for one in _poison_is_quarantined(record)),
        *(Violation("I8", one) for one in _health_is_green(scene)),
        *(Violation("I9", one) for one in _all_is_within_bounds(scene)),
        *(Violation("I10", one) for one in _the_logs_are_clean(scene)),
    ]


def _each_mail_is_stored_once(scene: Scene, record: Record) -> Iterator[str]:
    """I1: every UID has one row with the bytes of the server, whole in the store."""
    number = Counter((row["uidvalidity"], row["uid"]) for row in record.mails)
    row_by_key = {(row["uidvalidity"], row["uid"]): row for row in record.mails}
    for (uidvalidity, uid), digest in scene.mails.items():
        name = f"UID {uid} of UIDVALIDITY {uidvalidity}"
        found = row_by_key.get((uidvalidity, uid))
        if found is None:
            yield f"{name} is in the mailbox and not in the record"
            continue
        if number[uidvalidity, uid] > 1:
            yield f"{name} has {number[uidvalidity, uid]} rows"
        if found["trouble"] not in PARTLY_KEPT and found["sha256"] != digest:
            yield f"{name} is stored with other bytes than the server has"
    for row in record.mails:
        name = f"mail {row['id']} (UID {row['uid']})"
        if row["fate"] is None and scene.is_over:
            yield f"{name} has no fate"
        if row["sha256"] is None:
            if row["trouble"] != "fetch_failed":
                yield f"{name} has no digest"
            continue
        fault = _blob_fault(scene.raw, row["sha256"])
        if fault:
            yield f"the blob of {name} {fault}"


def _blob_fault(folder: Path, sha256: str) -> str:
    path = folder / sha256[:2] / sha256
    try:
        blob = path.read_bytes()
    except FileNotFoundError:
        return "is missing"
    return "" if hashlib.sha256(blob).hexdigest() == sha256 else "is damaged"


def _each_mail_has_one_effect(record: Record) -> Iterator[str]:
    """I2: a claim for each mail that opened one, and one event for each that joined."""
    opened = sum(row["fate"] == "claim" for row in record.mails)
    events = [event["event"] for all_ in record.events.values() for event in all_]
    if opened != events.count("claim.opened"):
        count = events.count("claim.opened")
        yield f"{opened} mails opened a claim, and {count} claims were opened"
    mails = Counter(row["claim_id"] for row in record.mails if row["claim_id"])
    for claim in record.claims:
        own = record.events.get(claim["id"], [])
        kinds = [event["event"] for event in own]
        opening = sum(kind in OPENING for kind in kinds)
        if opening != 1:
            yield f"claim {claim['id']} was opened {opening} times"
        if any(event["actor"] != "system" for event in own):
            continue  # people share, split and place mails
        brought = opening + sum(kind in JOINING for kind in kinds)
        if mails[claim["id"]] != brought:
            yield (
                f"claim {claim['id']} has {mails[claim['id']]} mails and {brought}"
                " events of mails"
            )


def _each_change_has_its_event(record: Record) -> Iterator[str]:
    """I3: the events of a claim have no gap and lead to the state that it has."""
    for claim in record.claims:
        name, events = f"claim {claim['id']}", record.events.get(claim["id"], [])
        numbers = [event["seq"] for event in events]
        if numbers != list(range(1, len(events) + 1)):
            yield f"the events of {name} are numbered {numbers}"
            continue
        state = None
        for event in events:
            if event["state_before"] != state:
                yield (
                    f"event {event['seq']} of {name} leaves {event['state_before']},"
                    f" and the one before led to {state}"
                )
            state = event["state_after"]
        if state != claim["state"]:
            yield f"{name} is {claim['state']}, and its events lead to {state}"


def _each_sent_mail_arrived(scene: Scene, record: Record) -> Iterator[str]:
    """I4: sent is at the relay; copies are the same, and each is accounted for."""
    copies: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    for mail in scene.sunk:
        for recipient in mail.recipients:
            copies[message_id_of(mail.raw), recipient].append(mail.raw)
    for email in record.emails:
        name = f"e-mail {email['id']} ({email['kind']}, {email['status']})"
        got = copies.pop((email["message_id"] or "", email["recipient"]), [])
        most = email["uncertain"] + (email["status"] in {"sent", "bounced"})
        if email["attempts"] == 0:
            most = 0
        elif email["status"] == "sending" and not scene.is_over:
            most += 1
        if email["status"] == "sent" and email["attempts"] and not got:
            yield f"{name} is not at the relay"
        if len(got) > most:
            yield f"{name} has {len(got)} copies at the relay, and {most} are accounted"
        if len(set(got)) > 1:
            yield f"the copies of {name} differ"
    for message_id, _recipient in copies:
        yield f"the relay has {message_id}, which the record does not know"


def _no_machine_is_answered(scene: Scene, record: Record) -> Iterator[str]:
    """I5: nothing automatic answers a machine; strangers get few in a day."""
    mail_by_id = {row["id"]: row for row in record.mails}
    at_by_stranger: dict[str, list[datetime]] = defaultdict(list)
    for email in record.emails:
        mail = mail_by_id.get(email["mail_id"])
        if mail is None or email["status"] in {"draft", "cancelled", "held"}:
            continue
        if mail["fate"] in MACHINES:
            yield f"e-mail {email['id']} answers mail {mail['id']}: {mail['fate']}"
        if mail["sender_tier"] == "C" and email["recipient"] == mail["sender_address"]:
            at_by_stranger[email["recipient"]].append(_instant(email["created_at"]))
    for number, instants in enumerate(at_by_stranger.values(), start=1):
        instants.sort()
        for first in instants:
            count = sum(first <= at < first + DAY for at in instants)
            if count > scene.most_to_stranger:
                yield f"stranger {number} got {count} automatic e-mails in a day"
                break


def _nothing_is_stuck(scene: Scene, record: Record) -> Iterator[str]:
    """I6: no lease has run out, nothing is overdue, nobody waits for nothing."""
    if not scene.is_over:
        return
    alive = {
        (job["kind"], job["ref"])
        for job in record.jobs
        if job["state"] in {"ready", "running"}
    }
    for job in record.jobs:
        name = f"job {job['id']} ({job['kind']})"
        if job["state"] == "running" and job["lease_until_ms"] < record.now_ms:
            yield f"the lease of {name} has run out"
        if job["state"] == "ready" and job["run_at_ms"] < record.now_ms - OVERDUE_MS:
            yield f"{name} is overdue"
        if job["state"] == "waiting" and ("read", job["ref"]) not in alive:
            yield f"{name} waits for a reading that is over"
    for email in record.emails:
        if email["status"] in {"queued", "sending"} and not any(
            ref.partition(":")[0] == str(email["id"])
            for kind, ref in alive
            if kind == "send"
        ):
            yield f"e-mail {email['id']} is {email['status']}, and no job sends it"


def _poison_is_quarantined(record: Record) -> Iterator[str]:
    """I7: a job that fails ends in quarantine, after three failures at most."""
    for job in record.jobs:
        name = f"job {job['id']} ({job['kind']})"
        if job["failures"] >= MOST_FAILURES:
            yield f"{name} is {job['state']} after {job['failures']} failures"
        if job["vanished"] > MOST_VANISHED:
            yield f"{name} took {job['vanished']} processes along"
        if job["state"] == "quarantined" and not job["reason"]:
            yield f"{name} is quarantined without a reason"
    parked = {row["id"] for row in record.mails if row["fate"] == "parked"}
    told = {job["ref"] for job in record.jobs if job["state"] == "quarantined"}
    for row in record.mails:
        if row["id"] in parked and row["sha256"] and str(row["id"]) not in told:
            yield f"mail {row['id']} is parked, and no dead letter says why"


def _health_is_green(scene: Scene) -> Iterator[str]:
    """I8: no mailbox is in trouble once all is over."""
    if scene.is_over:
        for box in rows(scene.database_url, "select id, trouble from mailboxes"):
            if box["trouble"] is not None:
                yield f"mailbox {box['id']} is still in trouble: {box['trouble']}"


def _all_is_within_bounds(scene: Scene) -> Iterator[str]:
    """I9: what was measured is not more than it may be."""
    for one in scene.measures:
        if one.value > one.most:
            yield f"{one.name} is {one.value:.0f}, and may be {one.most:.0f}"


def _the_logs_are_clean(scene: Scene) -> Iterator[str]:
    """I10: no word of a mail, no address and no secret is in a log."""
    for path in scene.logs:
        text = path.read_text(encoding="utf-8", errors="replace").lower()
        for number, canary in enumerate(scene.canaries, start=1):
            if canary.lower() in text:
                yield f"canary {number} is in {path.name}"


def _instant(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
