"""`claims rebuild`: the record made once more from raw mails, orders and staff's acts.

The steps of actors.py judge every raw mail at its receipt, and what people did is done
again at its time, so that what comes out may be held against the record, or take its
place. Nothing is sent, and the record of the installation is only read.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from worker import decide
from worker.adapters.reader import ReaderPool
from worker.adapters.store.rebuilt import (
    Dismissal,
    Placement,
    copy_record,
    dismissals,
    erased_claims,
    placements,
)
from worker.adapters.store.replica import PersonsEvent, Waiver
from worker.bootstrap import Parts
from worker.decide import triage
from worker.domain.claim import Claim, ClaimEvent, Event
from worker.domain.errors import UsageError
from worker.history import Stored
from worker.outcomes import Difference, rebuilt_otherwise
from worker.ports import Reader
from worker.rejudging import Rejudging, Rules
from worker.rereading import judge_all
from worker.steps.shared import draft_job, jobs_of_new_mail

__all__ = ["Rebuilt", "rebuild"]

_PLACED = frozenset({Event.MAIL_ASSIGNED, Event.SPLIT_OFF})
_BY_ANOTHER = frozenset({Event.TOOK_OVER})
"""What comes with another act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What a rebuild showed.

    `unjudged` counts mails that could be judged when they came and cannot be now,
    `left_out` acts of people that could not be done again.
    """

    mails: int
    claims: int
    differences: tuple[Difference, ...]
    unjudged: int
    left_out: int


def rebuild(
    parts: Parts,
    *,
    into: str | None = None,
    reader: Reader | None = None,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Rebuilt:
    """Return in what the record differs from one that is made once more.

    Args:
        parts: the installation; its record is only read.
        into: the URL of an empty database that the new record goes to: what was sent
            and who may sign in are copied, and e-mails that the record does not have
            are held there for a person; drafts are laid into the staff's mailbox.
        reader: reads the raw mails; without one, children of its own.
        progress: told about each mail.

    Raises:
        RetryLater: the record, the raw store or the order directory is not there now.
        UsageError: the database of `into` is not empty, or the record was at work.

    Source: DESIGN promise 8.
    """
    stored = Stored(parts)
    with _rebuilt(stored, reader, progress) as (made, unjudged):
        kept = frozenset(stored.claims - erased_claims(parts.store))
        found = tuple(rebuilt_otherwise(parts.store, made.store, kept))
        if into is not None:
            copy_record(
                parts.store,
                made.store,
                into,
                jobs_for=jobs_of_new_mail,
                draft_job=None if parts.drafts is None else draft_job,
            )
        return Rebuilt(
            mails=len(stored.mails),
            claims=len(stored.claims),
            differences=found,
            unjudged=len(unjudged),
            left_out=made.left_out,
        )


@contextmanager
def _rebuilt(
    stored: Stored, reader: Reader | None, progress: Callable[[str, int, int], None]
) -> Iterator[tuple["Rebuilding", set[int]]]:
    with ExitStack() as stack:
        if reader is None:
            parts = stored.parts
            reader = ReaderPool(parts.raw_url, size=parts.settings.readers)
            stack.callback(reader.close)
        made = stack.enter_context(Rebuilding(stored))
        yield made, judge_all(stored, [made], reader, progress)


class Rebuilding(Rejudging):
    """The stored mails under the present rules, with all that people did."""

    not_carried = frozenset[Event]()

    def __init__(self, stored: Stored) -> None:
        super().__init__(stored, Rules())
        self._placements = placements(stored.parts.store)
        self._wanted: int | None = None

    def finish(self) -> None:
        """Do what people did after the last mail, and what fell due up to now."""
        super().finish()
        for one in dismissals(self._stored.parts.store):
            self._dismiss(one)

    def _carry(self, act: PersonsEvent | Waiver) -> None:
        if isinstance(act, PersonsEvent) and act.event in _PLACED:
            self._place(act)
        elif not isinstance(act, PersonsEvent) or act.event not in _BY_ANOTHER:
            super()._carry(act)

    def _do(self, act: PersonsEvent, claim: Claim) -> None:
        event = self._stored.parts.store.claims.events(act.claim_id)[act.seq - 1]
        if event.event is Event.MERGED:
            self._merge(claim, event)
            return
        super()._do(act, claim)
        for clause in event.clauses:
            with self.store.transaction() as work:
                if event.event is Event.FLAG_SET:
                    work.set_flag(claim.claim_id, clause, event.reason, by=event.actor)
                elif event.event is Event.FLAG_CLEARED:
                    work.clear_flags(
                        claim.claim_id, clause, by=event.actor, reason=event.reason
                    )

    def _place(self, act: PersonsEvent) -> None:
        """Let a person's placing of a mail happen again, as triage carried it out."""
        placed = self._placements.get((act.claim_id, act.at))
        if placed is None:
            self.left_out += 1
            return
        claim = self.store.claims.get(act.claim_id)
        self._mail_id, self._wanted = placed.mail_id, act.claim_id
        try:
            if claim is not None:
                triage.join(self.parts, placed.mail_id, claim, by=placed.by)
            else:
                self._assign(placed)
        except UsageError:
            self.left_out += 1
        finally:
            self._wanted = None
        self._run_jobs()

    def _assign(self, placed: Placement) -> None:
        triage.assign(
            self.parts,
            placed.mail_id,
            order_number=placed.order_number,
            package_id=placed.package_id,
            by=placed.by,
        )

    def _merge(self, claim: Claim, event: ClaimEvent) -> None:
        source = self._stored.parts.store.claims.get(claim.claim_id)
        number = None if source is None else source.merged_into
        into = None if number is None else self.store.claims.get(number)
        if into is None:
            self.left_out += 1
            return
        try:
            decide.merge(self.parts, claim, into, by=event.actor)
        except UsageError:
            self.left_out += 1
        self._run_jobs()

    def _dismiss(self, one: Dismissal) -> None:
        with self.store.transaction() as work:
            if not work.dismiss_mail(one.mail_id, by=one.by, copy_of=one.copy_of):
                self.left_out += 1

    def _number(self) -> int:
        return super()._number() if self._wanted is None else self._wanted
