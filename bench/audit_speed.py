"""How long `claims audit` takes on a large mailbox, with its memory.

The mails lie in a Dovecot; the record and the raw store are written directly, as an
office would have them: of ten mails three opened a claim, two followed one up, the
others came to none. Every reading and every e-mail has as many bytes as a usual one.

Example: `python -m bench audit_speed --mails 100000`
"""

import argparse
import hashlib
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.services import Dovecot
from worker.adapters import migrations
from worker.adapters.store.engine import make_engine
from worker.auditing import audit
from worker.bootstrap import Parts
from worker.settings import Settings

NOW = datetime(2026, 11, 18, 19, 12, tzinfo=UTC)
USER = "audited"
READING_BYTES, EMAIL_BYTES = 6_000, 9_000
BATCH = 2_000
MOST_S = 60.0


def main(arguments: list[str] | None = None) -> int:
    """Make the mailbox, audit it, print the figures; return 0 below a minute."""
    parser = argparse.ArgumentParser(prog="python -m bench audit_speed")
    parser.add_argument("--mails", type=int, default=100_000, metavar="N")
    parser.add_argument("--deep", action="store_true", help="read all bytes too")
    parser.add_argument("--folder", type=Path, help="where the data are made")
    args = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="claims-audit-", dir=args.folder) as folder,
        Dovecot() as dovecot,
    ):
        began = time.monotonic()
        raws = [_raw(number) for number in range(1, args.mails + 1)]
        dovecot.load(USER, _files(Path(folder), raws))
        parts = Parts(
            Settings(
                _env_file=None,
                data_dir=Path(folder),
                mailbox_url=dovecot.url(USER),
            ),
            with_redis=False,
        )
        parts.raw.put([b"makes the folders"])
        _fill(parts, raws, dovecot.uidvalidity(USER))
        print(f"{args.mails} mails made in {time.monotonic() - began:.0f} s")
        before = _peak_mb()
        began = time.monotonic()
        found = audit(parts, is_deep=args.deep)
        seconds = time.monotonic() - began
        parts.close()
    grown = _peak_mb() - before
    print(f"audited in {seconds:.1f} s, memory +{grown:.0f} MB")
    print(f"{len(found.gaps)} gaps, counts {found.counts}, {found.reasons}")
    return 0 if not found.gaps and seconds < MOST_S else 1


def _raw(number: int) -> bytes:
    return f"Message-ID: <{number}@x>\r\nSubject: {number}\r\n\r\nhello\r\n".encode()


def _files(folder: Path, raws: list[bytes]) -> Path:
    """Write each mail where the raw store has it and once more; nothing is synced."""
    emails = folder / "eml"
    emails.mkdir()
    for number, raw in enumerate(raws, start=1):
        sha256 = hashlib.sha256(raw).hexdigest()
        kept = folder / "raw" / sha256[:2]
        kept.mkdir(parents=True, exist_ok=True)
        (kept / sha256).write_bytes(raw)
        (emails / f"{number:07}.eml").hardlink_to(kept / sha256)
    return emails


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _fill(parts: Parts, raws: list[bytes], uidvalidity: int) -> None:
    migrations.upgrade(parts.database_url)
    engine = make_engine(parts.database_url)
    meta = sa.MetaData()
    meta.reflect(engine, only=["mailboxes", "mails", "jobs", "claims", "claim_events"])
    meta.reflect(engine, only=["emails"])
    tables = meta.tables
    with engine.begin() as connection:
        connection.execute(
            tables["mailboxes"].insert(),
            [
                {
                    "id": 1,
                    "name": parts.mailbox_name,
                    "uidvalidity": uidvalidity,
                    "last_uid": len(raws),
                    "lease_until_ms": 0,
                    "token": 0,
                    "passes": 1,
                    "backlog": 0,
                }
            ],
        )
        for start in range(0, len(raws), BATCH):
            rows = list(_rows(start + 1, raws[start : start + BATCH], uidvalidity))
            for name in ("claims", "mails", "claim_events", "emails", "jobs"):
                every = [row for table, row in rows if table == name]
                if every:
                    connection.execute(tables[name].insert(), every)
    engine.dispose()


def _rows(
    first: int, raws: list[bytes], uidvalidity: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, raw in enumerate(raws, start=first):
        opens, follows = number % 10 in {1, 2, 3}, number % 10 in {4, 5}
        claim_id = number if opens else number - 3 if follows else None
        fate = "claim" if opens else "follow_up" if follows else "not_a_claim"
        yield (
            "mails",
            {
                "id": number,
                "mailbox_id": 1,
                "uidvalidity": uidvalidity,
                "uid": number,
                "sha256": hashlib.sha256(raw).hexdigest(),
                "size_bytes": len(raw),
                "first_seen_at": NOW,
                "received_at": NOW,
                "reading": '{"text": "' + "x" * READING_BYTES + '"}',
                "fate": fate,
                "settled_at": NOW,
                "claim_id": claim_id,
                "sender_tier": "A",
                "signal": "",
                "flags": [],
                "notes": {},
            },
        )
        for kind in ("read", "understand"):
            yield "jobs", _job(kind, str(number))
        if opens:
            yield from _claim(number)


def _claim(number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    yield (
        "claims",
        {
            "id": number,
            "member_id": f"M{number}",
            "member_key": f"m{number}",
            "order_number": f"O{number}",
            "order_key": f"o{number}",
            "package_key": "",
            "claim_type": "damage",
            "state": "under_review",
            "is_open": True,
            "version": 2,
            "received_at": NOW,
            "flags": [],
            "deadline_at": NOW,
            "proposed_points": 0,
        },
    )
    for seq, (event, state) in enumerate(
        (("opened", "intake"), ("documents_completed", "under_review")), start=1
    ):
        yield (
            "claim_events",
            {
                "claim_id": number,
                "seq": seq,
                "event": event,
                "actor": "system",
                "at": NOW,
                "state_after": state,
                "reason": "",
                "clauses": [],
                "data": {},
            },
        )
    body = f"{number}".encode() + b"x" * EMAIL_BYTES
    yield (
        "emails",
        {
            "id": number,
            "dedup_key": f"claim:{number}:received:1",
            "claim_id": number,
            "kind": "received",
            "recipient": "a@member.example",
            "subject": "",
            "message_id": f"<{number}@y>",
            "raw": body,
            "raw_sha256": hashlib.sha256(body).hexdigest(),
            "status": "sent",
            "held_reason": "",
            "policy_version": "",
            "attempts": 1,
            "uncertain": 0,
            "last_code": "250",
            "created_at": NOW,
            "sent_at": NOW,
        },
    )
    yield "jobs", _job("send", str(number))


def _job(kind: str, ref: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "ref": ref,
        "queue": kind,
        "state": "done",
        "run_at_ms": 0,
        "rung_at_ms": 0,
        "lease_until_ms": 0,
        "attempts": 1,
        "failures": 0,
        "transients": 0,
        "vanished": 0,
        "reason": "",
        "created_at": NOW,
        "finished_at": NOW,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
