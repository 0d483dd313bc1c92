"""What people do in triage: checked at once, and done after a moment.

Placing a mail, proving a sender and merging claims let e-mails go out, which nothing
takes back. So each is a pending row for ten seconds, whose job then lets it happen in
one transaction with the row's end. Undoing deletes the row, so nothing is ever half
undone. What came between stops it, and triage says so.

Source: lifecycle.md T4, T6, T8; desk-features.md (undo 10 s).
"""

from dataclasses import dataclass, field
from enum import StrEnum

from worker import decide
from worker.adapters.store import Job, NewJob, Work
from worker.adapters.store.desk.placements import (
    Placement,
    put_placement,
    stop_placement,
    take_placement,
)
from worker.bootstrap import Parts
from worker.decide import Staff
from worker.domain.errors import UsageError, WorkerError
from worker.domain.staff import claim_roles
from worker.domain.written import OUR_FAULT, UNDO_FOR
from worker.ingest import SEVERAL_ORDERS
from worker.steps.shared import VALIDATE

KIND = "triage"
FAILED = "placement_failed"
ALREADY = "somebody has begun that already: wait a moment, or undo it"


class Deed(StrEnum):
    """What a person may do in triage that cannot be taken back later."""

    ASSIGN = "assign"
    """A mail to an order; it opens a claim or joins one."""
    JOIN = "join"
    """A mail to a claim."""
    CONFIRM = "confirm"
    """A held claim is its member's."""
    MERGE = "merge"
    """One claim into another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asks for; `claim_id` is the held or the merged claim.

    `data` has `order`, `package`, `into` and `last` (of a split) as they are needed;
    `seen` is `standing` as the person's page had it.
    """

    deed: Deed
    seen: str
    mail_id: int | None = None
    claim_id: int | None = None
    data: dict[str, str] = field(default_factory=dict)
    reason: str = ""

    @property
    def target(self) -> str:
        """Return what nobody else can do something to meanwhile."""
        if self.claim_id is not None:
            return f"claim:{self.claim_id}"
        order = self.data.get("order", "") if "split" in self.data else ""
        return f"mail:{self.mail_id}" + (f":{order}" if order else "")


class Undone(WorkerError):
    """It was undone, or has happened already."""


def standing(
    parts: Parts, *, mail_id: int | None = None, claim_ids: tuple[int, ...] = ()
) -> str:
    """Return how a mail and claims stand, as a word that changes when they do."""
    words = []
    if mail_id is not None and parts.store.mails.exists(mail_id):
        record = parts.store.mails.get(mail_id)
        words.append(f"{record.fate}:{record.claim_id or 0}")
    for claim_id in claim_ids:
        claim = parts.store.claims.get(claim_id)
        words.append(f"{claim_id}v{0 if claim is None else claim.version}")
    return " ".join(words)


def schedule(parts: Parts, *wishes: Wish, by: Staff) -> None:
    """Let something happen in ten seconds.

    Raises:
        UsageError: it is not possible, the page was out of date, or somebody has
            begun it already.
    """
    for wish in wishes:
        _check(parts, wish, by=by)
    due_at = parts.clock.now() + UNDO_FOR
    with parts.store.transaction() as work:
        for wish in wishes:
            placement = Placement(
                pending_id=0,
                target=wish.target,
                deed=wish.deed,
                mail_id=wish.mail_id,
                claim_id=wish.claim_id,
                seen=wish.seen,
                data=wish.data,
                reason=wish.reason,
                by=by.name,
                due_at=due_at,
                why_not="",
            )
            pending_id = put_placement(work.session, placement, at=work.at)
            if pending_id is None:
                raise UsageError(ALREADY)
            job = NewJob(KIND, str(pending_id), VALIDATE, delay=UNDO_FOR)
            work.add_jobs(job)


def take(parts: Parts, job: Job) -> None:
    """Carry out what a person did ten seconds ago. Safe to run twice."""
    placement = parts.desk.placements.get(int(job.ref))
    if placement is None or placement.why_not:
        _finish(parts, job)
        return
    try:
        _carry_out(parts, job, placement)
    except Undone:
        _finish(parts, job)
    except UsageError as error:
        with parts.store.transaction() as work:
            stop_placement(work.session, placement.pending_id, why_not=str(error))
            ref = f"placement:{placement.pending_id}"
            work.raise_alert(FAILED, ref, claim_id=placement.claim_id)
            work.finish(job)


def give_up(work: Work, job: Job, _reason: str) -> None:
    """Say why a placement did not happen, where its job died."""
    stop_placement(work.session, int(job.ref), why_not=OUR_FAULT)


def _carry_out(parts: Parts, job: Job, placement: Placement) -> None:
    def along(work: Work) -> None:
        if not take_placement(work.session, placement.pending_id):
            raise Undone
        if "last" in placement.data and placement.mail_id is not None:
            codes = (SEVERAL_ORDERS,)
            work.settle_alerts(placement.mail_id, codes, by=placement.by)
        work.finish(job)

    person = parts.desk.people.named(placement.by)
    if person is None or person.disabled_at is not None:
        raise UsageError(f"the account {placement.by} was disabled meanwhile")
    wish = Wish(
        deed=Deed(placement.deed),
        seen=placement.seen,
        mail_id=placement.mail_id,
        claim_id=placement.claim_id,
        data=dict(placement.data),
        reason=placement.reason,
    )
    _check_seen(parts, wish)
    _do(parts, wish, by=Staff(person.name, claim_roles(person.role), along))


def _finish(parts: Parts, job: Job) -> None:
    with parts.store.transaction() as work:
        work.finish(job)


def _do(parts: Parts, wish: Wish, *, by: Staff) -> None:
    mail_id, data = wish.mail_id or 0, wish.data
    match wish.deed:
        case Deed.ASSIGN:
            package_id = data.get("package")
            decide.assign(
                parts, mail_id, order_number=data["order"], package_id=package_id, by=by
            )
        case Deed.JOIN:
            into = decide.find_claim(parts, data["into"])
            decide.join(parts, mail_id, into, by=by)
        case Deed.CONFIRM:
            claim = decide.find_claim(parts, str(wish.claim_id))
            decide.confirm(parts, claim, by=by, reason=wish.reason)
        case Deed.MERGE:
            claim = decide.find_claim(parts, str(wish.claim_id))
            into = decide.find_claim(parts, data["into"])
            decide.merge(parts, claim, into, by=by)


def _check_seen(parts: Parts, wish: Wish) -> None:
    into = wish.data.get("into") if wish.deed is Deed.MERGE else None
    claims = tuple(
        one for one in (wish.claim_id, int(into) if into else None) if one is not None
    )
    if standing(parts, mail_id=wish.mail_id, claim_ids=claims) != wish.seen:
        raise UsageError(
            "somebody or something was faster since the page was loaded: look at it"
            " again and decide then"
        )


def _check(parts: Parts, wish: Wish, *, by: Staff) -> None:
    """Make sure that it could happen now, as far as that can be told before."""
    _check_seen(parts, wish)
    mail_id, data = wish.mail_id or 0, wish.data
    match wish.deed:
        case Deed.ASSIGN:
            package_id = data.get("package")
            decide.foresee(
                parts, mail_id, order_number=data["order"], package_id=package_id, by=by
            )
        case Deed.JOIN:
            into = decide.find_claim(parts, data["into"])
            decide.foresee_joining(parts, mail_id, into, by=by)
        case Deed.CONFIRM:
            claim = decide.find_claim(parts, str(wish.claim_id))
            decide.check_confirm(parts, claim, by=by, reason=wish.reason)
        case Deed.MERGE:
            claim = decide.find_claim(parts, str(wish.claim_id))
            into = decide.find_claim(parts, data["into"])
            decide.check_merge(parts, claim, into, by=by)
