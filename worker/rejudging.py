"""The stored mails judged once more, by the very steps of actors.py.

Each of them at its stored receipt, what fell due in between, what people decided, and
what is due up to now; in a private record in a temporary folder, whose relay sends
nothing. The record of the installation is only read.
"""

import dataclasses
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, Self

from worker.actors import KINDS, SEND, jobs_of_new_mail
from worker.adapters.clock import StillClock
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import NewJob, Store
from worker.adapters.store.replica import (
    PersonsEvent,
    SettledMail,
    Waiver,
    copy_mails,
    mail_ends,
    make_disposable,
    waive,
)
from worker.bootstrap import Parts
from worker.domain.claim import ASSESSED_STATES, Claim, ClaimEvent, ClaimType, Event
from worker.domain.deadlines import next_due_at
from worker.domain.decisions import appealed_at
from worker.domain.errors import GiveUp
from worker.domain.mail import Mail
from worker.history import DECISIONS, Stored
from worker.ingest import Arrival, stamp_of
from worker.notify import clock_of_appeal
from worker.ports import Attempt, Delivery, Orders, ReadFailed
from worker.runner import Runner
from worker.settings import Settings
from worker.steps.shared import reminder, validation

DUE_AT_ONCE = 500
NO_LIMIT = 1_000_000
Reading = Mail | ReadFailed | GiveUp
"""What reading a mail showed, or why it cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is changed; None leaves it as the settings have it.

    `policy` is a file as CLAIMS_POLICY names it, `templates` the folder of the
    e-mails, one folder a kind.
    """

    policy: Path | None = None
    templates: Path | None = None

    @property
    def is_changed(self) -> bool:
        """Return whether anything is."""
        return self.policy is not None or self.templates is not None


class _Nowhere:
    """A relay that takes every e-mail and sends none."""

    def send(self, *, envelope_from: str, recipient: str, raw: bytes) -> Attempt:  # noqa: ARG002 - see ports.Transport
        """See ports.Transport."""
        return Attempt(Delivery.ACCEPTED, "250")

    def close(self) -> None:
        """See ports.Transport."""


@dataclass
class _Given:
    """What reading the mail at hand showed, and what its pictures showed once."""

    reading: Reading | None = None
    earlier: Mail | None = None

    def read(self, _sha256: str) -> Mail:
        """See ports.Reader; a mail that cannot be read is parked at once."""
        match self.reading:
            case ReadFailed() as error:
                raise ReadFailed(error.code, died=False)
            case GiveUp() as error:
                raise GiveUp(error.reason)
            case Mail() as mail:
                return mail
            case None:
                raise GiveUp("not_read")

    def texts(self, _sha256: str, paths: tuple[str, ...]) -> dict[str, str]:
        """See ports.Scanner; pictures are not read again."""
        files = () if self.earlier is None else self.earlier.attachments
        return {
            file.path: file.text
            for file in files
            if file.is_text_recognised and file.path in paths
        }

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class _PrivateParts(Parts):
    """Parts of a private record: given orders, and a relay that sends nothing."""

    directory: Orders | None = None
    relay: _Nowhere = field(default_factory=_Nowhere)

    @property
    def orders(self) -> Orders:
        """See Parts."""
        return self.store.orders if self.directory is None else self.directory

    @property
    def transport(self) -> _Nowhere:  # type: ignore[override]
        """See Parts."""
        return self.relay


_NOT_CARRIED = frozenset(
    {
        Event.MERGED,
        Event.TOOK_OVER,
        Event.SPLIT_OFF,
        Event.MAIL_ASSIGNED,
        Event.FLAG_SET,
        Event.FLAG_CLEARED,
    }
)
"""Acts of people of which only the state is carried over."""


class Rejudging:
    """The stored mails under one set of rules."""

    not_carried: ClassVar[frozenset[Event]] = _NOT_CARRIED

    def __init__(self, stored: Stored, rules: Rules) -> None:
        self._stored = stored
        self._given = _Given()
        self._queue = CollectingQueue()
        self._clock = StillClock(stored.now)
        self._acts = deque(stored.acts)
        self._numbers: dict[int, int] = {}
        self._fresh = max(stored.claims, default=0)
        self._mail_id = 0
        self._stuck: set[int] = set()
        self._folder = TemporaryDirectory(prefix="claims-replay-")
        self.left_out = 0
        self.parts = self._private_parts(rules)
        self.store: Store = self.parts.store
        self._runner = Runner[Parts](self.parts, KINDS)

    def __enter__(self) -> Self:
        """Make the record and copy the mails into it."""
        make_disposable(self.store)
        self.store.create_tables()
        self.store.number_claim = self._number
        copy_mails(self._stored.parts.store, self.store, self._stored.mails)
        return self

    def __exit__(self, *_: object) -> None:
        """Take everything away again."""
        self.parts.close()
        self._folder.cleanup()

    def take(self, mail: SettledMail, reading: Reading, earlier: Mail | None) -> None:
        """Judge one mail at its receipt, after all that was done and due before."""
        self._carry_over(until=mail)
        if isinstance(reading, Mail) and earlier is not None:
            reading = dataclasses.replace(reading, signed_by=earlier.signed_by)
        arrival = Arrival(
            mail_id=mail.mail_id,
            internaldate_at=mail.internaldate_at,
            first_seen_at=mail.first_seen_at,
        )
        readable = reading if isinstance(reading, Mail) else None
        received_at = stamp_of(readable, arrival, self.parts.house).received_at
        self._pass(until=received_at)
        self._mail_id = mail.mail_id
        self._given.reading, self._given.earlier = reading, earlier
        self._clock.at = received_at
        with self.store.transaction() as work:
            work.add_jobs(*jobs_of_new_mail(mail.mail_id, mail.mailbox_id))
        self._run_jobs()

    def finish(self) -> None:
        """Do what people did after the last mail, and what fell due up to now."""
        self._carry_over(until=None)
        self._pass(until=self._stored.now)

    @property
    def unjudged(self) -> set[int]:
        """Return the mails that got no fate, because a step failed on them."""
        return {mail.mail_id for mail in self._stored.mails} - mail_ends(
            self.store
        ).keys()

    # -- people --

    def _carry_over(self, *, until: SettledMail | None) -> None:
        """Do again what people did before a mail came; None: all the rest."""
        while self._acts:
            act = self._acts[0]
            if until is not None and (
                act.at > until.first_seen_at
                or self._stored.first_mail.get(act.claim_id, 0) >= until.mail_id
            ):
                return
            self._acts.popleft()
            self._pass(until=act.at)
            self._clock.at = act.at
            self._carry(act)

    def _carry(self, act: PersonsEvent | Waiver) -> None:
        """Do again what a person did, at its time."""
        claim = self.store.claims.get(act.claim_id)
        if claim is None:
            self.left_out += 1
        elif isinstance(act, Waiver):
            self._waive(act)
        else:
            self._do(act, claim)

    def _waive(self, waiver: Waiver) -> None:
        with self.store.transaction() as work:
            waive(work, waiver)
            cause = f"waiver:{waiver.kind}"
            work.add_jobs(validation(waiver.claim_id, cause))
        self._run_jobs()

    def _do(self, act: PersonsEvent, claim: Claim) -> None:
        """Let a claim stand where a person put it, with the same event."""
        source = self._stored.parts.store.claims
        event = source.events(act.claim_id)[act.seq - 1]
        if event.event in self.not_carried:
            self.left_out += 1
        after = self._moved(claim, event)
        with self.store.transaction() as work:
            if after != claim:
                work.save_claim(claim, after)
            if event.event is Event.IDENTITY_CONFIRMED:
                work.release_held_mails(claim.claim_id, at=event.at)
            decided = source.decided_usd(act.claim_id)
            if event.event in DECISIONS and decided is not None:
                work.set_decided(claim.claim_id, decided)
            work.append_event(claim.claim_id, event)
            if after.state is not claim.state:
                work.cancel_drafts(claim.claim_id)
            if event.event is Event.EMAIL_RELEASED:
                for email in self.store.outbox.of_claim(claim.claim_id):
                    if email.kind == event.reason and work.release_held(email.email_id):
                        ref = f"{email.email_id}:released:{email.attempts}"
                        work.add_jobs(NewJob("send", ref, SEND))
            elif after.state in ASSESSED_STATES:
                work.add_jobs(validation(claim.claim_id, f"event:{act.seq}"))
        self._run_jobs()

    def _moved(self, claim: Claim, event: ClaimEvent) -> Claim:
        is_move = event.state_before is not event.state_after
        after = claim
        if is_move:
            after = dataclasses.replace(after, state=event.state_after)
        if event.event is Event.IDENTITY_CONFIRMED:
            after = dataclasses.replace(after, released_at=event.at)
        after = self._chosen(after, event)
        if after == claim:
            return claim
        due = next_due_at(after, self.parts.policy, event.at)
        return dataclasses.replace(after, next_due_at=due)

    def _chosen(self, claim: Claim, event: ClaimEvent) -> Claim:
        """Return the claim with the facts that a person's act sets."""
        policy, data = self.parts.policy, event.data or {}
        match event.event:
            case Event.TYPE_CHOSEN:
                kind = ClaimType(data["claim_type"])
                return dataclasses.replace(claim, claim_type=kind)
            case Event.PACKAGE_CHOSEN:
                return dataclasses.replace(claim, package_id=data["package_id"])
            case Event.INFO_REQUESTED:
                due_at = event.at + policy.documents_due
                return dataclasses.replace(
                    claim, documents_asked_at=event.at, documents_due_at=due_at
                )
            case Event.APPEAL_FILED:
                filed_at = appealed_at([event]) or event.at
                return clock_of_appeal(claim, filed_at, policy)
            case _:
                return claim

    # -- time --

    def _pass(self, *, until: datetime) -> None:
        """Do what falls due up to an instant, each at its own.

        A claim whose look at its deadlines fails is left where it stands.
        """
        while True:
            limit = DUE_AT_ONCE + len(self._stuck)
            due = self.store.claims.due(until, limit=limit)
            due = [one for one in due if one[0] not in self._stuck]
            if not due:
                return
            for claim_id, version, at in due:
                self._clock.at = at
                with self.store.transaction() as work:
                    work.add_jobs(reminder(claim_id, version, at))
                self._run_jobs()
                claim = self.store.claims.get(claim_id)
                later = None if claim is None else claim.next_due_at
                if later is not None and later <= at:
                    self._stuck.add(claim_id)

    # -- jobs --

    def _run_jobs(self) -> None:
        """Run what was rung, in order.

        Raises:
            RetryLater: the order directory did not answer.
        """
        while self._queue.bells:
            self._runner.run(self._queue.bells.pop(0).job_id)
            if self._stored.orders.trouble is not None:
                raise self._stored.orders.trouble

    def _number(self) -> int:
        """Return the number that the mail's claim has in the stored record.

        A claim that is not there gets one above all that are.
        """
        number = self._numbers.get(self._mail_id)
        if number is None:
            number = self._stored.claim_of.get(self._mail_id)
            if number is None or number in self._numbers.values():
                self._fresh += 1
                number = self._fresh
            self._numbers[self._mail_id] = number
        return number

    def _private_parts(self, rules: Rules) -> _PrivateParts:
        present = self._stored.parts
        settings = _private(present.settings, Path(self._folder.name))
        secret = self._stored.secret_key
        update: dict[str, object] = {} if secret is None else {"secret_key": secret}
        made: dict[str, object] = {
            "queue": self._queue,
            "clock": self._clock,
            "reader": self._given,
            "scanner": self._given,
        }
        if rules.policy is not None:
            update["policy"] = rules.policy
        if rules.templates is None:
            made["renderer"] = present.renderer
        parts = _PrivateParts(
            settings.model_copy(update=update),
            role="replay",
            with_redis=False,
            templates=present.templates if rules.templates is None else rules.templates,
            directory=self._stored.orders,
        )
        parts.__dict__ |= made
        return parts


def _private(settings: Settings, folder: Path) -> Settings:
    """Return settings that reach nothing outside of a folder."""
    return settings.model_copy(
        update={
            "data_dir": folder,
            **dict.fromkeys(
                ("database_url", "raw_url", "redis_url", "drafts_url", "mailbox_url"),
                None,
            ),
            "smtp_url": None,
            "alert_url": None,
            "orders_url": None,
            "after": "nothing",
            "answers_per_address": NO_LIMIT,
            "answers_per_hour": 0,
        }
    )
