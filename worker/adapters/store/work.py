"""One writing transaction over all tables: what a step does, in the terms of steps."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store import alerts as alert_rows
from worker.adapters.store import (
    assessments,
    job_adding,
    job_ending,
    job_taking,
    mail_changes,
    slots,
)
from worker.adapters.store import auditing as audit_rows
from worker.adapters.store import claim_changes as claim_rows
from worker.adapters.store import flags as flag_rows
from worker.adapters.store import listing as listing_rows
from worker.adapters.store import mails as mail_rows
from worker.adapters.store import notes as note_rows
from worker.adapters.store import outbox_changes as email_rows
from worker.adapters.store import people as people_rows
from worker.adapters.store import photographs as photograph_rows
from worker.adapters.store import sent as sent_rows
from worker.adapters.store.job_rows import Chain, Job, NewJob
from worker.adapters.store.jobs import Jobs
from worker.adapters.store.mail_changes import Settled
from worker.adapters.store.outbox import NewEmail, oldest_held_for
from worker.adapters.store.points_ledger import PointsLedger
from worker.adapters.store.schema import ClaimRow
from worker.domain.claim import Claim, ClaimEvent
from worker.domain.deadlines import SentAnswer
from worker.domain.documents import DocumentKind, Piece
from worker.domain.findings import Assessment, Finding
from worker.domain.gaps import Gap
from worker.domain.mail import Fate, Mail, Picture
from worker.domain.note import Note
from worker.domain.orders import Order
from worker.domain.settlement import PaidCase, PointsMoved
from worker.ports import Bell


@dataclass(slots=True)
class Work:
    """One writing transaction: the effects of a step, its follow-ups, its end.

    Bells are rung after the commit, never before.
    """

    session: Session
    at: datetime
    number_claim: Callable[[], int | None]
    jobs: Jobs
    resting: Collection[str] | None = None
    """Queues that rest, where what follows may be done in this transaction too."""
    bells: list[Bell] = field(default_factory=list)
    wake_lanes: set[str] = field(default_factory=set)
    """Lanes that have another first job now."""
    _fresh_lanes: dict[str, set[int]] = field(default_factory=dict)
    """By lane the jobs that were added to it or released."""
    _new_jobs: list[NewJob] = field(default_factory=list)
    _facts: dict[int, object] = field(default_factory=dict)
    _chain: Chain | None = None
    _locked: set[int] = field(default_factory=set)
    """Claims that nobody else changes before the commit."""

    # -- jobs --
    def add_jobs(self, *jobs: NewJob) -> None:
        """Write follow-up jobs, all together at the end of the transaction.

        Those in a lane are rung when they are its first.
        """
        self._new_jobs += jobs

    def _write_jobs(self) -> None:
        jobs, self._new_jobs = self._new_jobs, []
        done = self._done_here(jobs)
        added = job_adding.add_jobs(self.session, jobs, at=self.at, done=done)
        for job, job_id in added:
            if job in done:
                self._goes_on_here(job, job_id)
            elif job.lane is None or job.is_alone:
                self.bells += job_adding.bells_of([(job, job_id)])
            elif not job.is_waiting and not job.delay:
                self._note(job.lane, job_id, job.facts)

    def _done_here(self, jobs: Sequence[NewJob]) -> list[NewJob]:
        """Return the new jobs that this thread does in this same transaction.

        They need no taking: their rows say from the start that they are done.
        """
        chain, resting = self._chain, self.resting
        if chain is None or resting is None:
            return []
        fit = [
            job
            for job in jobs
            if job.is_alone
            and job.kind in chain.kinds
            and job.queue not in resting
            and not job.delay
        ]
        return fit[: chain.room - len(chain.next_jobs)]

    def _goes_on_here(self, job: NewJob, job_id: int) -> None:
        if self._chain is not None:
            self._chain.next_jobs.append(job_taking.ended(job, job_id))

    def release_job(self, kind: str, ref: str) -> None:
        """Make a waiting job ready."""
        self.release_jobs(kind, {ref: None})

    def release_jobs(self, kind: str, facts: Mapping[str, object]) -> None:
        """Make waiting jobs ready, each with its facts as those of a new one."""
        self._write_jobs()
        for ref, bell, lane in job_adding.release(self.session, kind=kind, refs=facts):
            self._note(lane, bell.job_id, facts[ref])
            if lane is None:
                self.bells.append(bell)

    def _note(self, lane: str | None, job_id: int, facts: object | None) -> None:
        if lane is not None:
            self._fresh_lanes.setdefault(lane, set()).add(job_id)
            self._facts[job_id] = facts

    def pass_on(self) -> set[str]:
        """Go on with what may run now if there is room, and ring the others; at last.

        Only the first of a lane is rung, and only by who made it the first. Returns
        the lanes in which there was none.
        """
        self._write_jobs()
        lanes = {*self.wake_lanes, *self._fresh_lanes}
        silent = set(lanes)
        heads = job_taking.heads(self.session.connection(), lanes)
        # What follows from this job before what only waited for it: its facts are here.
        for head in sorted(heads, key=lambda one: one.lane not in self._fresh_lanes):
            is_fresh = head.job_id in self._fresh_lanes.get(head.lane, ())
            if is_fresh or head.lane in self.wake_lanes:
                silent.discard(head.lane)
                if not self._goes_on_with(head):
                    self.bells.append(Bell(head.queue, head.job_id))
        return silent

    def _goes_on_with(self, head: job_taking.Head) -> bool:
        chain = self._chain
        if chain is None or head.kind not in chain.kinds:
            return False
        if len(chain.next_jobs) >= chain.room:
            return False
        job = self.jobs.take_next(self.session, head, lease_for=chain.lease_for)
        if job is None:
            return False
        known = chain.facts | self._facts
        chain.next_jobs.append(replace(job, facts=known.pop(job.job_id, None)))
        chain.facts = known
        return True

    def cancel_job(self, kind: str, ref: str) -> None:
        """End a waiting job that will never be released."""
        self._write_jobs()
        job_adding.cancel_waiting(self.session, kind=kind, ref=ref, at=self.at)

    def restore_job(self, kind: str, ref: str) -> None:
        """Let a job wait for its release again that was cancelled."""
        self._write_jobs()
        job_adding.restore_cancelled(self.session, kind=kind, ref=ref)

    def hurry_job(self, kind: str, ref: str) -> bool:
        """Let a job that waits for its time run now; False where it has begun."""
        self._write_jobs()
        bells = job_adding.hurry(self.session, kind=kind, ref=ref)
        self.bells += bells
        return bool(bells)

    def assert_held(self, job: Job) -> None:
        """Raise LeaseLost when another worker has the job."""
        job_ending.assert_held(self.session, job)

    def finish(self, job: Job) -> None:
        """Mark the job done; raises LeaseLost when another worker has it."""
        self._chain = job.chain
        if job.is_ended:
            return
        job_ending.finish(self.session, job, at=self.at)
        if job.lane is not None:
            self.wake_lanes.add(job.lane)

    def finish_all(self, jobs: Sequence[Job]) -> list[Job]:
        """Mark jobs done that were taken together; returns those that were ours."""
        done = job_ending.finish_all(self.session, jobs, at=self.at)
        self._chain = jobs[0].chain if jobs else None
        self.wake_lanes |= {job.lane for job in done if job.lane is not None}
        return done

    def held_of(self, jobs: Sequence[Job]) -> list[Job]:
        """Return those of jobs taken together that no other worker has."""
        return job_ending.held_of(self.session, jobs)

    def quarantine(self, job: Job, reason: str) -> None:
        """Make the job a dead letter; raises LeaseLost like `finish`."""
        job_ending.quarantine(self.session, job, at=self.at, reason=reason)
        alert_rows.raise_alert(
            self.session, "dead_letter", f"job:{job.job_id}", at=self.at
        )
        if job.lane is not None:
            self.wake_lanes.add(job.lane)

    def put_back(
        self, job: Job, *, reason: str, delay: timedelta, leaves_lane: bool = False
    ) -> None:
        """Make a refused job ready again later; raises LeaseLost like `finish`.

        One that leaves its lane is tried apart from the others.
        """
        job_ending.put_back(
            self.session,
            job,
            reason=reason,
            delay=delay,
            leaves_lane=leaves_lane,
        )
        if leaves_lane and job.lane is not None:
            self.wake_lanes.add(job.lane)

    def put_back_failed(self, job: Job, *, reason: str, delay: timedelta) -> None:
        """Make a failed job ready again later, out of its lane."""
        job_ending.put_back_failed(self.session, job, reason=reason, delay=delay)
        if job.lane is not None:
            self.wake_lanes.add(job.lane)

    def leave_lane(self, kind: str, ref: str) -> None:
        """Take a waiting job out of its lane, whose others then pass it by."""
        self._write_jobs()
        lane = job_adding.leave_lane(self.session, kind=kind, ref=ref)
        if lane is not None:
            self.wake_lanes.add(lane)

    # -- mails --
    def put_readings(self, mails: Mapping[int, Mail]) -> None:
        """Store what reading showed, by the numbers of mails."""
        mail_changes.put_readings(self.session, mails)

    def claim_of_mail(self, mail_id: int) -> int | None:
        """Return the claim that a settled mail belongs to, or None."""
        return mail_rows.claim_of(self.session, mail_id)

    def settle_mail(self, mail_id: int, settled: Settled) -> None:
        """Give the mail its one fate."""
        mail_changes.settle(self.session, mail_id, settled, at=self.at)

    def assign_mail(self, mail_id: int, settled: Settled, *, by: str) -> bool:
        """Give a mail another fate, which a person chose; False if it has a claim."""
        return mail_changes.assign(self.session, mail_id, settled, by=by, at=self.at)

    def share_mail(self, claim_id: int, mail_id: int, *, by: str) -> None:
        """Let one mail count for another claim too."""
        mail_changes.share(self.session, claim_id, [mail_id], by=by, at=self.at)

    def dismiss_mail(
        self, mail_id: int, *, by: str, copy_of: int | None = None
    ) -> bool:
        """Say that an unmatched mail is no claim; False where it is none of those."""
        return mail_changes.dismiss(
            self.session, mail_id, by=by, at=self.at, copy_of=copy_of
        )

    def restore_mail(self, mail_id: int, *, by: str) -> bool:
        """Put a dismissed mail among the unmatched again; False for other mails."""
        return mail_changes.restore(self.session, mail_id, by=by, at=self.at)

    def refate_held_mails(self, claim_id: int, fate: Fate, *, by: str) -> None:
        """Give the mails of a held claim another fate."""
        mail_changes.refate_held(self.session, claim_id, fate, by=by)

    def settle_alerts(
        self, mail_id: int, codes: Sequence[str], *, by: str
    ) -> list[int]:
        """Dismiss what stands about a mail; returns which alerts that were."""
        return alert_rows.settle(self.session, mail_id, codes, by=by, at=self.at)

    def raise_alerts_again(self, mail_id: int, codes: Sequence[str], *, by: str) -> int:
        """Let dismissed alerts about a mail stand again; returns how many."""
        return alert_rows.raise_again(self.session, mail_id, codes, by=by, at=self.at)

    def park_mail(self, mail_id: int, signal: str) -> None:
        """Settle a mail that could not be read."""
        mail_changes.park(self.session, mail_id, signal=signal, at=self.at)

    def unpark_mail(self, mail_id: int) -> bool:
        """Take a parked mail's fate away; False where it has another one."""
        return mail_changes.unpark(self.session, mail_id)

    # -- claims --
    def open_claim(self, claim: Claim, *, held_address: str | None = None) -> Claim:
        """Insert a claim."""
        opened = claim_rows.open_claim(
            self.session, claim, held_address=held_address, number=self.number_claim()
        )
        self._locked.add(opened.claim_id)
        return opened

    def save_claim(self, before: Claim, after: Claim) -> Claim:
        """Write a changed claim; raises StaleClaim."""
        self._locked.add(before.claim_id)
        return claim_rows.save_claim(self.session, before, after)

    def save_assessed(
        self, before: Claim, after: Claim, assessment: Assessment, order: Order
    ) -> Claim:
        """Write a claim as an assessment leaves it, and what lists show of it.

        Raises:
            StaleClaim: nothing was written.
        """
        beside = listing_rows.columns(assessment, order)
        saved = claim_rows.save_claim(self.session, before, after, beside)
        self._locked.add(saved.claim_id)
        listing_rows.add_keys(self.session, saved, order)
        return saved

    def lock_claim(self, claim_id: int) -> Claim | None:
        """Return the claim as it is now; nobody else changes it before the commit."""
        self._locked.add(claim_id)
        return claim_rows.lock_claim(self.session, claim_id)

    def set_decided(self, claim_id: int, amount: Decimal) -> None:
        """Record the approved amount in USD."""
        self.session.execute(
            sa.update(ClaimRow)
            .where(ClaimRow.id == claim_id)
            .values(decided_usd=amount)
            .execution_options(synchronize_session=False)
        )

    def set_paid(self, claim_id: int, reference: str) -> None:
        """Record that a claim was paid, and under which reference."""
        self.session.execute(
            sa.update(ClaimRow)
            .where(ClaimRow.id == claim_id)
            .values(paid_at=self.at, payout_ref=reference[:100])
            .execution_options(synchronize_session=False)
        )

    def settle_points(
        self, ledger: PointsLedger, key: str, case: PaidCase, *, site: str, by: str
    ) -> PointsMoved:
        """Do what a paid claim does to points, once for its key."""
        return ledger.settle(self.session, key, case, site=site, by=by)

    def waive(
        self, claim_id: int, document: DocumentKind, *, by: str, reason: str
    ) -> None:
        """Do without a document."""
        people_rows.waive(
            self.session, claim_id, document, by=by, reason=reason, at=self.at
        )

    def share_mails(self, claim_id: int, into: int, *, by: str) -> None:
        """Let the mails and files of a claim count for another one too."""
        people_rows.share_mails(self.session, claim_id, into, by=by, at=self.at)

    def sync_flags(
        self, claim_id: int, findings: Sequence[Finding], *, is_first: bool = False
    ) -> None:
        """Write the flags that rules raise now; clear those that they raise no more.

        Where it `is_first` of its claim, there are none yet.
        """
        flag_rows.sync(self.session, claim_id, findings, at=self.at, is_first=is_first)

    def set_flag(self, claim_id: int, clause: str, evidence: str, *, by: str) -> None:
        """Write a flag that a person sets."""
        flag_rows.set_by_person(
            self.session, claim_id, clause, evidence, by=by, at=self.at
        )

    def clear_flags(self, claim_id: int, clause: str, *, by: str, reason: str) -> int:
        """Clear a clause's open flags; returns how many there were."""
        return flag_rows.clear(
            self.session, claim_id, clause, by=by, reason=reason, at=self.at
        )

    def save_note(self, note: Note) -> None:
        """Replace the claim's note for staff."""
        note_rows.save(self.session, note)

    def append_event(self, claim_id: int, event: ClaimEvent) -> int:
        """Append to the claim's history."""
        is_locked = claim_id in self._locked
        self._locked.add(claim_id)
        return claim_rows.append_event(
            self.session, claim_id, event, is_locked=is_locked
        )

    def add_pieces(self, claim_id: int, pieces: Sequence[Piece]) -> None:
        """Write the files of a mail."""
        claim_rows.add_pieces(self.session, claim_id, pieces)

    def add_photographs(
        self, claim_id: int, pieces: Sequence[Piece], pictures: Mapping[str, Picture]
    ) -> None:
        """Write the photographs among a mail's files."""
        photograph_rows.add(self.session, claim_id, pieces, pictures)

    def replace_pieces(
        self, claim_id: int, mail_id: int, pieces: Sequence[Piece]
    ) -> None:
        """Write the files of a mail anew."""
        claim_rows.replace_pieces(self.session, claim_id, mail_id, pieces)

    def release_held_mails(self, claim_id: int, *, at: datetime) -> None:
        """Let the files of a held claim count from `at` on."""
        claim_rows.release_held_mails(self.session, claim_id, at=at)

    def save_assessment(
        self, claim_id: int, assessment: Assessment, *, job_id: int | None
    ) -> None:
        """Write an assessment with its findings and documents."""
        assessments.save(self.session, claim_id, assessment, job_id=job_id, at=self.at)

    def fire_slot(self, name: str, slot: str) -> bool:
        """Claim one firing of a deadline."""
        return slots.fire(self.session, name, slot, at=self.at)

    def has_slots(self, name: str) -> bool:
        """Return whether a deadline of this name has fired ever."""
        return slots.has_fired(self.session, name)

    def raise_alert(self, code: str, ref: str, *, claim_id: int | None = None) -> None:
        """Record an incident once."""
        alert_rows.raise_alert(self.session, code, ref, at=self.at, claim_id=claim_id)

    def record_audit(
        self, gaps: Sequence[Gap], counts: dict[str, int], *, is_deep: bool
    ) -> int:
        """Write an audit; returns its number."""
        return audit_rows.record(
            self.session, gaps, counts, at=self.at, is_deep=is_deep
        )

    def dismiss_alert(self, alert_id: int, *, by: str) -> bool:
        """Take an alert off the list; False where it is not on it."""
        return alert_rows.dismiss(self.session, alert_id, by=by, at=self.at)

    # -- outbox --
    def add_emails(self, emails: Sequence[NewEmail]) -> list[tuple[int, NewEmail]]:
        """Write answers; returns the new ones with their ids."""
        return email_rows.add_emails(self.session, emails, at=self.at)

    def cancel_drafts(self, claim_id: int) -> list[int]:
        """Cancel the claim's drafts; returns their ids."""
        return email_rows.cancel_drafts(self.session, claim_id)

    def advance_sent(self, name: str, uidvalidity: int, last_uid: int) -> None:
        """Move the cursor of a sent folder on."""
        sent_rows.advance(self.session, name, uidvalidity, last_uid, at=self.at)

    def release_held(self, email_id: int) -> bool:
        """Queue a held e-mail; False when it is not held, or was never rendered."""
        return email_rows.release_held(self.session, email_id, at=self.at)

    def cancel_held(self, email_id: int) -> bool:
        """Give up a held e-mail; False when it is not held."""
        return email_rows.cancel_held(self.session, email_id, at=self.at)

    def oldest_held_for(self, reason: str) -> int | None:
        """Return the e-mail that is held longest for this reason."""
        return oldest_held_for(self.session, reason)

    def hold_unsent(self, email_id: int, *, reason: str) -> None:
        """Hold an e-mail that is not sent yet."""
        email_rows.hold_unsent(self.session, email_id, reason=reason)

    def begin_attempts(self, email_ids: Sequence[int]) -> None:
        """Record that attempts are about to be made."""
        email_rows.begin_attempts(self.session, email_ids)

    def mark_sent(self, email_ids: Sequence[int], *, code: str) -> None:
        """Record that the relay took e-mails, with the same answer."""
        email_rows.mark_sent(self.session, email_ids, code=code, at=self.at)

    def end_attempt(
        self,
        email_id: int,
        *,
        status: str,
        code: str,
        held_reason: str = "",
        was_uncertain: bool = False,
    ) -> None:
        """Record how an attempt ended."""
        email_rows.end_attempt(
            self.session,
            email_id,
            status=status,
            code=code,
            at=self.at,
            held_reason=held_reason,
            was_uncertain=was_uncertain,
        )

    def mark_bounced(self, email_id: int, *, code: str) -> bool:
        """Record that a sent e-mail came back; False when it is not `sent`."""
        return email_rows.mark_bounced(self.session, email_id, code=code)

    def answers_of(self, claim_id: int, kinds: Sequence[str]) -> list[SentAnswer]:
        """Return the claim's sent e-mails of some kinds, less those that came back."""
        return email_rows.answers_of(self.session, claim_id, kinds)
