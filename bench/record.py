"""What an installation's record says, read with plain SQL and not with its own code.

`outcome` is what must be the same however the work was done; `snapshot` is every row,
for runs that must change nothing.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bench.rig import CheckFailed
from tests.services import SunkMail
from worker.domain.mail import Fate

Row = Mapping[str, Any]
FATES = frozenset(Fate)
PROCESS_TABLES = frozenset({"processes", "alembic_version"})
MAILBOX_FACTS = ("id", "name", "uidvalidity", "last_uid", "go_live_at")
MOST_SHOWN = 8


def rows(url: str, query: str, **values: object) -> list[Row]:
    """Return the rows of a query with `:names` for values."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return [
            dict(row) for row in connection.execute(sa.text(query), values).mappings()
        ]


def one(url: str, query: str) -> int:
    """Return the one number that a query gives."""
    ((number,),) = (row.values() for row in rows(url, query))
    return int(number or 0)


def is_idle(url: str, mails_on_server: int) -> bool:
    """Return whether every mail of the server is settled and no job is left."""
    return (
        one(url, "select count(*) from mails where fate is not null") == mails_on_server
        and jobs_alive(url) == 0
    )


def jobs_alive(url: str) -> int:
    """Return how many jobs are neither done nor quarantined."""
    query = "select count(*) from jobs where state not in ('done', 'quarantined')"
    return one(url, query)


def snapshot(url: str) -> dict[str, list[str]]:
    """Return every row of every table, but what only says who is alive and when."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    tables = sorted(set(sa.inspect(engine).get_table_names()) - PROCESS_TABLES)
    found = {}
    for table in tables:
        columns = ", ".join(MAILBOX_FACTS) if table == "mailboxes" else "*"
        query = f"select {columns} from {table}"  # noqa: S608 - names of the schema
        found[table] = sorted(repr(sorted(row.items())) for row in rows(url, query))
    return found


def changes(before: dict[str, list[str]], after: dict[str, list[str]]) -> list[str]:
    """Return a line for each row that is in only one of two snapshots."""
    lines = []
    for table in sorted(before.keys() | after.keys()):
        old, new = Counter(before.get(table, [])), Counter(after.get(table, []))
        lines += [f"{table}: gone {row[:300]}" for row in (old - new).elements()]
        lines += [f"{table}: new {row[:300]}" for row in (new - old).elements()]
    return lines


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mailbox, without ids and times of working.

    `mails` is by UID; a claim is known by the UIDs of its mails.
    """

    mails: dict[int, Any]
    claims: dict[str, Any]
    emails: list[Any]

    def differences(self, other: "Outcome") -> list[str]:
        """Return a line for each thing that is not the same in `other`."""
        lines = []
        for name, mine, theirs in (
            ("mail", self.mails, other.mails),
            ("claim of mails", self.claims, other.claims),
        ):
            lines += [
                f"{name} {key}: {mine.get(key)} != {theirs.get(key)}"
                for key in sorted({*mine, *theirs}, key=str)
                if mine.get(key) != theirs.get(key)
            ]
        here, there = Counter(map(str, self.emails)), Counter(map(str, other.emails))
        lines += [f"e-mail only here: {e}" for e in (here - there).elements()]
        lines += [f"e-mail only there: {e}" for e in (there - here).elements()]
        return lines


def outcome(url: str) -> Outcome:
    """Return what became of every mail."""
    mails = rows(url, "select * from mails order by uid")
    uid_by_mail = {mail["id"]: mail["uid"] for mail in mails}
    uids_by_claim: dict[int, list[int]] = {}
    for mail in mails:
        if mail["claim_id"] is not None:
            uids_by_claim.setdefault(mail["claim_id"], []).append(mail["uid"])
    name_by_claim = {
        claim_id: ",".join(map(str, uids)) for claim_id, uids in uids_by_claim.items()
    }
    documents: dict[int, list[Any]] = {}
    for row in rows(url, "select * from documents order by kind"):
        said = [row["kind"], row["verdict"], row["why"], _json(row["files"])]
        documents.setdefault(row["claim_id"], []).append(said)
    events: dict[int, list[Any]] = {}
    for row in rows(url, "select * from claim_events order by seq"):
        events.setdefault(row["claim_id"], []).append(row["event"])
    claims = {
        name_by_claim.get(claim["id"], "none"): {
            "ids": [claim["member_id"], claim["order_number"], claim["package_id"]],
            "type": claim["claim_type"],
            "state": claim["state"],
            "received_at": str(claim["received_at"])[:19],
            "respond_by": str(claim["respond_by"])[:19],
            "flags": sorted(_json(claim["flags"])),
            "documents": documents.get(claim["id"], []),
            "events": sorted(Counter(events.get(claim["id"], [])).items()),
        }
        for claim in rows(url, "select * from claims order by id")
    }
    return Outcome(
        mails={
            mail["uid"]: {
                "fate": mail["fate"],
                "sha256": mail["sha256"],
                "tier": mail["sender_tier"],
                "received_at": str(mail["received_at"])[:19],
                "flags": _json(mail["flags"]),
            }
            for mail in mails
        },
        claims=claims,
        emails=[
            [
                f"mail {uid_by_mail.get(email['mail_id'])}",
                f"claim of {name_by_claim.get(email['claim_id'])}",
                *(email[key] for key in ("kind", "recipient", "status", "held_reason")),
            ]
            for email in rows(url, "select * from emails order by id")
            if email["status"] != "cancelled"
        ],
    )


def check_counts(url: str, mails_on_server: int) -> list[str]:
    """Return what is wrong with the ledger: a fate for each mail, no job left."""
    faults = []
    by_fate = {
        row["fate"]: row["n"]
        for row in rows(url, "select fate, count(*) as n from mails group by fate")
    }
    if sum(by_fate.values()) != mails_on_server:
        faults.append(f"{sum(by_fate.values())} rows for {mails_on_server} mails")
    if unknown := by_fate.keys() - FATES:
        faults.append(f"mails without a fate: { {k: by_fate[k] for k in unknown} }")
    if alive := jobs_alive(url):
        faults.append(f"{alive} jobs are left")
    return faults


def check_sink(url: str, sunk: Iterable[SunkMail], *, may_repeat: bool) -> list[str]:
    """Return what is wrong with the outbox: sent and at the sink, or neither.

    Args:
        url: of the record.
        sunk: what came to the sink.
        may_repeat: copies are allowed if every byte is the same and the row counts
            as many uncertain attempts.
    """
    copies: dict[tuple[str, str], list[bytes]] = {}
    for mail in sunk:
        key = (message_id_of(mail.raw), ",".join(mail.recipients))
        copies.setdefault(key, []).append(mail.raw)
    faults = []
    expected = set()
    for email in rows(url, "select * from emails where status = 'sent'"):
        key = (email["message_id"], email["recipient"])
        expected.add(key)
        got = copies.get(key, [])
        if not got:
            faults.append(f"e-mail {email['id']} is sent and not at the sink")
        if len(got) > 1 and not may_repeat:
            faults.append(f"e-mail {email['id']} is {len(got)} times at the sink")
        if len(set(got)) > 1:
            faults.append(f"copies of e-mail {email['id']} differ")
        if len(got) > 1 + email["uncertain"]:
            faults.append(
                f"e-mail {email['id']}: {len(got)} copies,"
                f" {email['uncertain']} uncertain attempts"
            )
    unknown = copies.keys() - expected
    faults += [f"at the sink and not sent: {key[0]}" for key in sorted(unknown)]
    return faults


def message_id_of(raw: bytes) -> str:
    """Return the Message-ID of one of our e-mails."""
    for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"message-id":
            return value.strip().decode()
    raise CheckFailed("an e-mail at the sink has no Message-ID")


def parked(url: str) -> list[str]:
    """Return why mails and jobs were parked, the most frequent reason first."""
    query = "select kind, reason from jobs where state = 'quarantined'"
    reasons = Counter(f"{row['kind']}: {row['reason']}" for row in rows(url, query))
    return [f"{count} x {reason}" for reason, count in reasons.most_common()]


def report(title: str, faults: list[str]) -> bool:
    """Print whether a check holds, and the first faults; return whether it does."""
    print(f"{'ok  ' if not faults else 'FAIL'}  {title}")
    for fault in faults[:MOST_SHOWN]:
        print(f"        {fault}")
    if len(faults) > MOST_SHOWN:
        print(f"        and {len(faults) - MOST_SHOWN} more")
    return not faults


def _json(value: str | list[Any]) -> list[Any]:
    """Return a JSON column, which only PostgreSQL gives decoded."""
    decoded: list[Any] = json.loads(value) if isinstance(value, str) else value
    return decoded
