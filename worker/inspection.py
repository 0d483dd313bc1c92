"""`claims inspect`: the whole way of a mail, dry: nothing is stored, nothing is sent.

The very steps of actors.py run on a private record in a temporary folder, one mail
after the other as one mailbox, with the clock standing at each mail's receipt.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from worker.actors import KINDS, SEND, jobs_of_new_mail
from worker.adapters.clock import StillClock, SystemClock
from worker.adapters.queue import CollectingQueue
from worker.adapters.reader import ReaderPool
from worker.bootstrap import Parts
from worker.domain.claim import Claim
from worker.domain.findings import Assessment
from worker.domain.mail import Mail
from worker.domain.orders import Order
from worker.ingest import Arrival, stamp_of
from worker.ports import NewMail
from worker.runner import Runner
from worker.settings import Settings

_HEADER = re.compile(
    rb"^(?:from|to|cc|date|subject|received|message-id|return-path|reply-to|sender"
    rb"|delivered-to|mime-version|content-type|x-[a-z0-9-]+)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_HEAD_BYTES = 65_536
LEASE_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Inspected:
    """One mail: the row it would become, what it says, and what would follow."""

    file: str
    row: dict[str, Any]
    mail: Mail | None
    claim: Claim | None
    assessment: Assessment | None
    emails: tuple[dict[str, str], ...]
    email_bytes: tuple[bytes, ...]
    draft: bytes
    """What a person would be asked to send; empty without one."""


class Inspector:
    """Runs mails through the steps, one mailbox in the order of the calls."""

    def __init__(self, parts: Parts, queue: CollectingQueue, clock: StillClock) -> None:
        self._parts = parts
        self._queue = queue
        self._clock = clock
        self._runner = Runner(parts, KINDS)
        self._ledger = parts.store.ledger(
            jobs_for=jobs_of_new_mail,
            go_live_at=datetime.fromtimestamp(0, tz=clock.at.tzinfo),
        )
        lease = self._ledger.take_lease(
            "inspect", owner=parts.owner, lease_for=LEASE_FOR
        )
        if lease is None:  # a private record has no other poller
            raise RuntimeError("inspect")
        self._lease = self._ledger.begin_epoch(lease, 1)
        self._uid = 0

    @property
    def reader_pids(self) -> tuple[int, ...]:
        """The process ids of the children that read, once they have started."""
        reader = self._parts.reader
        return reader.pids if isinstance(reader, ReaderPool) else ()

    def inspect(self, path: Path, raw: bytes) -> Inspected:
        """Return what would become of one mail."""
        stored = self._parts.raw.put([raw])
        self._uid += 1
        now = SystemClock().now()
        self._clock.at = self._parts.given_at or now
        new = NewMail(self._uid, stored.sha256, stored.size_bytes, None, now)
        self._ledger.add_mails(self._lease, [new], last_uid=self._uid)
        self._run_jobs()
        return self._result(str(path))

    def _run_jobs(self) -> None:
        """Run what was rung, in order; what would be sent stays in the outbox."""
        while self._queue.bells:
            bell = self._queue.bells.pop(0)
            if bell.queue == SEND:
                continue
            self._runner.run(bell.job_id)
            self._set_clock()

    def _set_clock(self) -> None:
        """Let the clock stand at the receipt of the mail as soon as it is read."""
        record = self._parts.store.mails.get(self._uid)
        if record.mail is None:
            return
        arrival = Arrival(
            mail_id=self._uid,
            internaldate_at=record.internaldate_at,
            first_seen_at=record.first_seen_at,
            given_at=self._parts.given_at,
        )
        stamp = stamp_of(record.mail, arrival, self._parts.house)
        self._clock.at = stamp.received_at

    def _result(self, file: str) -> Inspected:
        store = self._parts.store
        row = store.mails.summary(self._uid)
        claim = store.claims.get(row["claim_id"]) if row["claim_id"] else None
        draft = store.outbox.draft_of(claim.claim_id) if claim else None
        emails = [e for e in store.outbox.of_mail(self._uid) if e.status != "draft"]
        return Inspected(
            file=file,
            row=row,
            mail=store.mails.get(self._uid).mail,
            claim=claim,
            assessment=store.claims.latest_assessment(claim.claim_id)
            if claim
            else None,
            emails=tuple(
                {"kind": e.kind, "to": e.recipient, "subject": e.subject}
                for e in emails
            ),
            email_bytes=tuple(e.raw for e in emails),
            draft=draft.raw if draft else b"",
        )


@contextmanager
def inspector(
    settings: Settings, *, orders: Sequence[Order] | None, given_at: datetime | None
) -> Iterator[Inspector]:
    """Yield an inspector with a private record that is gone afterwards."""
    with TemporaryDirectory(prefix="claims-inspect-") as folder:
        private = settings.model_copy(
            update={
                "data_dir": Path(folder),
                "database_url": None,
                "raw_url": None,
                "redis_url": None,
                "drafts_url": None,
                "orders_url": None,
                "readers": 1,
                "answers_per_address": 1_000_000,
                "answers_per_hour": 0,
            }
        )
        parts = Parts(private, role="inspect", with_redis=False, given_at=given_at)
        queue, clock = CollectingQueue(), StillClock(SystemClock().now())
        parts.__dict__["queue"] = queue
        parts.__dict__["clock"] = clock
        parts.store.create_tables()
        if orders is not None:
            parts.store.orders.import_orders(orders)
        try:
            yield Inspector(parts, queue, clock)
        finally:
            parts.close()


def looks_like_mail(raw: bytes) -> bool:
    """Return whether bytes have a line of a mail's head, be they as odd as they are.

    Empty lines, a mailbox's "From " and a byte-order mark may stand before it.
    """
    head = raw[:_HEAD_BYTES].replace(b"\0", b"").replace(b"\r", b"\n")
    return _HEADER.search(head.removeprefix(b"\xef\xbb\xbf")) is not None


def as_json(results: Sequence[Inspected]) -> str:
    """Return the list that `claims inspect --json` prints. Source: DESIGN section 5."""
    return json.dumps([to_dict(one) for one in results], indent=1, ensure_ascii=False)


def to_dict(one: Inspected) -> dict[str, Any]:
    """Return one object of the contract."""
    claim, assessment, row = one.claim, one.assessment, one.row
    proposed = None if assessment is None else assessment.proposed_usd
    return {
        "file": one.file,
        "fate": row["fate"],
        "member_id": claim.member_id if claim else None,
        "order_number": claim.order_number if claim else None,
        "package_id": claim.package_id if claim else None,
        "claim_type": claim.claim_type if claim else None,
        "state": claim.state if claim else None,
        "sender_tier": row["sender_tier"],
        "received_at": _iso(row["received_at"]),
        "received_from": row["received_from"],
        "documents": _documents(assessment),
        "attachments": _attachments(one),
        "findings": [
            {
                "clause": f.clause,
                "verdict": f.verdict,
                "text": f.text,
                "evidence": f.evidence,
            }
            for f in (assessment.findings if assessment else ())
        ],
        "flags": list(assessment.flags if assessment else row["flags"]),
        "respond_by": _iso(claim.respond_by) if claim else None,
        "proposed_usd": None if proposed is None else f"{proposed:.2f}",
        "emails": list(one.emails),
        "signal": row["signal"],
    }


def _documents(assessment: Assessment | None) -> dict[str, Any]:
    if assessment is None:
        return {}
    return {
        d.kind.value: {
            "verdict": d.verdict,
            "why": d.why,
            "files": list(d.files),
            "evidence": d.evidence,
        }
        for d in assessment.documents
    }


def _attachments(one: Inspected) -> list[dict[str, Any]]:
    if one.mail is None:
        return []
    return [
        {
            "path": a.path,
            "filename": a.filename,
            "media_type": a.media_type,
            "bytes": a.size_bytes,
            "sha256": a.sha256,
            "roles": one.row["roles"].get(a.path, []),
            "note": one.row["notes"].get(a.path, a.note),
        }
        for a in one.mail.attachments
    ]


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
