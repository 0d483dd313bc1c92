"""What the arrows ask the record: known mails, claims of an order, the dossier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from worker.adapters.store import Store
from worker.adapters.store.claims import ClaimMail
from worker.adapters.store.flags import ClaimFlag, is_set_by_person
from worker.adapters.store.mails import MailRecord
from worker.bootstrap import Parts
from worker.domain.authentication import Authentication
from worker.domain.claim import SYSTEM, Claim, ClaimEvent, Event, reference
from worker.domain.deadlines import utc
from worker.domain.decisions import (
    ApprovalReason,
    ProposedDecision,
    appealed_at,
    deciders,
    needs_another,
)
from worker.domain.documents import DocumentKind, Piece
from worker.domain.errors import RetryLater
from worker.domain.exclusions import HISTORY_WINDOW, History
from worker.domain.explanation import MailClocks
from worker.domain.findings import Assessment
from worker.domain.identity import Sender, SenderTier
from worker.domain.mail import Fate, ReceivedFrom, ReceivedStamp
from worker.domain.orders import Member, Order, Package
from worker.domain.photographs import Photograph
from worker.domain.reply import MailCause, verify_message_id, verify_reply_address
from worker.ingest import NO_ANSWER, Arrival, House, stamp_of
from worker.ports import Orders, SentEmail
from worker.validate import Dossier, DossierMail


@dataclass(frozen=True, slots=True, kw_only=True)
class AtHand:
    """What a step has read or written of a claim, for the step right behind it.

    The claim is as it was written; whoever writes it checks its version as ever.
    `opened` is there where this transaction opened it: nobody else has seen it yet.
    """

    claim: Claim
    order: Order
    records: Mapping[int, MailRecord] = field(default_factory=dict)
    opened: "Opened | None" = None
    assessed: "Assessed | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What there is of a claim that was just opened, its files aside: no more.

    `has_files` says whether there are any to be looked up.
    """

    mail: ClaimMail
    event: ClaimEvent
    go_live_at: datetime | None
    has_files: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was looked up for an assessment; `is_whole` says that no mail was left out.

    The mails are the claim's, oldest first.
    """

    dossier: Dossier
    mails: list[ClaimMail]
    events: list[ClaimEvent]
    flags: list[ClaimFlag]
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """What an assessment saw, and what it came to."""

    assessment: Assessment
    seen: Seen


@dataclass(frozen=True, slots=True)
class Lookups:
    """See ports.Lookups."""

    store: Store
    orders: Orders
    secret_key: bytes

    def first_with_content(
        self, content_sha256: str, *, before_mail_id: int
    ) -> int | None:
        """See ports.Lookups."""
        return self.store.mails.first_with_content(
            content_sha256, before_mail_id=before_mail_id
        )

    def claim_of_messages(self, message_ids: tuple[str, ...]) -> Claim | None:
        """See ports.Lookups."""
        for message_id in reversed(message_ids):
            issued = verify_message_id(message_id, self.secret_key)
            claim = None if issued is None else self._claim(issued)
            if claim is not None:
                return claim
        found = self.store.mails.claim_of_messages(message_ids)
        return None if found is None else self._claim(found)

    def claim_of_addresses(self, addresses: Sequence[str]) -> Claim | None:
        """See ports.Lookups."""
        for address in addresses:
            issued = verify_reply_address(address, self.secret_key)
            claim = None if issued is None else self._claim(issued)
            if claim is not None:
                return claim
        return None

    def _claim(self, claim_id: int) -> Claim | None:
        """Return a claim, or the one that took it over."""
        claim = self.store.claims.get(claim_id)
        while claim is not None and claim.merged_into is not None:
            claim = self.store.claims.get(claim.merged_into)
        return claim

    def closed_incomplete_at(self, claim_id: int) -> datetime | None:
        """See ports.Lookups."""
        return self.store.claims.closed_incomplete_at(claim_id)

    def first_unmatched(
        self, message_ids: tuple[str, ...], address: str
    ) -> datetime | None:
        """See ports.Lookups."""
        return self.store.mails.first_unmatched(message_ids, address)

    def email_of_messages(self, message_ids: Sequence[str]) -> SentEmail | None:
        """See ports.Lookups."""
        return self.store.outbox.with_message_id(message_ids)

    def last_email_to(self, address: str) -> SentEmail | None:
        """See ports.Lookups."""
        return self.store.outbox.last_sent_to(address)

    def claims_of(self, order_number: str) -> list[tuple[Claim, str | None]]:
        """See ports.Lookups."""
        return self.store.claims.of_order(order_number)

    def is_held(self, mail_id: int) -> bool:
        """See ports.Lookups."""
        return self.store.mails.get(mail_id).fate is Fate.IDENTITY_HOLD

    def pieces_of(self, claim_id: int) -> list[Piece]:
        """See ports.Lookups."""
        return self.store.claims.pieces(claim_id)

    def order(self, order_number: str) -> Order | None:
        """See ports.Lookups."""
        return self.orders.order(order_number)

    def members_at(self, address: str) -> tuple[Member, ...]:
        """See ports.Lookups."""
        return self.orders.members_at(address)


def order_of(orders: Orders, claim: Claim) -> Order:
    """Return the order of a claim.

    Raises:
        RetryLater: `order_gone`: the directory has lost it, for the moment we hope.
    """
    order = orders.order(claim.order_number)
    if order is None:
        raise RetryLater("order_gone")
    return order


def reasons_for_two(
    parts: Parts, claim: Claim, decision: ProposedDecision
) -> tuple[ApprovalReason, ...]:
    """Return why one person is not enough for a decision; nothing: one is."""
    events = parts.store.claims.events(claim.claim_id)
    return needs_another(
        decision,
        parts.policy,
        exclusions=parts.store.flags.standing_exclusions(
            claim.claim_id, though_cleared_by=decision.by
        ),
        earlier_deciders=deciders(events),
    )


def cause_of(record: MailRecord, mail: ClaimMail) -> MailCause:
    """Return a stored mail as the thing that is answered."""
    tier = SenderTier(mail.sender_tier or SenderTier.C)
    is_on_file = tier is not SenderTier.C
    proof = Authentication.PASS if tier is SenderTier.A else Authentication.NONE
    return MailCause(
        mail_id=mail.mail_id,
        message_id=mail.message_id,
        references=record.mail.references if record.mail else (),
        sender=Sender(tier, mail.sender_address, proof, is_on_file),
        received_at=mail.received_at,
        may_be_answered=NO_ANSWER not in mail.flags,
    )


def clocks_of(record: MailRecord, house: House) -> MailClocks:
    """Return a mail with all of its instants, and which of them is its receipt.

    What is recorded is the receipt, whatever the settings say by now.
    """
    arrival = Arrival(
        mail_id=record.mail_id,
        internaldate_at=record.internaldate_at,
        first_seen_at=record.first_seen_at,
    )
    now = stamp_of(record.mail, arrival, house)
    return MailClocks(record.mail_id, _recorded(record, now), now)


def _recorded(record: MailRecord, now: ReceivedStamp) -> ReceivedStamp:
    """Return the receipt of the record; of a mail without one, that of now."""
    if record.received_at is None or record.received_from is None:
        return now
    at, source = utc(record.received_at), record.received_from
    if (at, source) == (now.received_at, now.received_from):
        return now
    is_stamp = source is ReceivedFrom.TRUSTED_RECEIVED
    return replace(
        now,
        received_at=at,
        received_from=source,
        received_trusted_at=at if is_stamp else now.received_trusted_at,
        flags=(),
    )


def look_up(
    store: Store, claim: Claim, order: Order, *, answering: int | None = None
) -> Seen:
    """Return what an assessment may know of a claim.

    When one mail is `answering`, those that still wait for their own assessment are
    left out, so that the answer says what was there when it came.
    """
    number = claim.claim_id
    waiting = store.jobs.mails_to_validate(number) - {answering}
    every = store.claims.mails(number)
    mails = [mail for mail in every if answering is None or mail.mail_id not in waiting]
    photographs = store.photographs.of_claim(number)
    found = _Found(
        mails=mails,
        pieces=store.claims.pieces(number),
        photographs=photographs,
        events=store.claims.events(number),
        flags=store.flags.of_claim(number),
        waived=store.claims.waived(number),
        history=_history(store, claim, photographs),
        is_whole=len(mails) == len(every),
    )
    return _seen(claim, order, found)


def look_up_opened(store: Store, claim: Claim, order: Order, opened: Opened) -> Seen:
    """Return what `look_up` would of a claim that this transaction opened."""
    number, files = claim.claim_id, opened.has_files
    photographs = store.photographs.of_claim(number) if files else ()
    found = _Found(
        mails=[opened.mail],
        pieces=store.claims.pieces(number) if files else [],
        photographs=photographs,
        events=[opened.event],
        history=_history(store, claim, photographs, bounced=0),
    )
    return _seen(claim, order, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    mails: list[ClaimMail]
    pieces: list[Piece]
    photographs: tuple[Photograph, ...]
    events: list[ClaimEvent]
    history: History
    flags: list[ClaimFlag] = field(default_factory=list)
    waived: dict[DocumentKind, datetime] = field(default_factory=dict)
    is_whole: bool = True


def _seen(claim: Claim, order: Order, found: _Found) -> Seen:
    flags, mails, events = found.flags, found.mails, found.events
    pieces: dict[int, list[Piece]] = {}
    for piece in found.pieces:
        pieces.setdefault(piece.mail_id, []).append(piece)
    set_now = [one.code for one in flags if one.is_open and is_set_by_person(one.code)]
    known = [code for code in claim.flags if not is_set_by_person(code)]
    return Seen(
        dossier=Dossier(
            order=order,
            package=_package(order, claim),
            mails=tuple(
                DossierMail(
                    mail_id=mail.mail_id,
                    received_at=mail.received_at,
                    header_date_at=mail.header_date_at,
                    counts_from=mail.counts_from,
                    pieces=tuple(pieces.get(mail.mail_id, ())),
                    is_proven=mail.sender_tier == SenderTier.A,
                )
                for mail in mails
            ),
            waived=found.waived,
            released_at=claim.released_at,
            overruled=frozenset(
                clause
                for event in events
                if event.event is Event.INELIGIBLE_OVERRULED
                for clause in event.clauses
            ),
            asked_again_at=tuple(
                event.at for event in events if event.event is Event.INFO_REQUESTED
            ),
            appealed_at=appealed_at(events),
            photographs=found.photographs,
            history=found.history,
            cleared=frozenset(
                (one.clause, one.evidence)
                for one in flags
                if not one.is_open and one.cleared_by != SYSTEM
            ),
            flags=tuple(
                dict.fromkeys([*known, *set_now, *(f for m in mails for f in m.flags)])
            ),
        ),
        mails=mails,
        events=events,
        flags=flags,
        is_whole=found.is_whole,
    )


def _history(
    store: Store,
    claim: Claim,
    photographs: tuple[Photograph, ...],
    *,
    bounced: int | None = None,
) -> History:
    since = claim.received_at - HISTORY_WINDOW
    others = {
        sighting.claim_id
        for photograph in photographs
        for sighting in photograph.seen
        if not sighting.is_same_member
    }
    return History(
        claims=tuple(
            reference(number)
            for number in store.claims.earlier_of_member(claim, since=since)
        ),
        bounced=store.outbox.bounced(claim.claim_id) if bounced is None else bounced,
        photographs_of_others=tuple(map(reference, sorted(others))),
    )


def _package(order: Order, claim: Claim) -> Package | None:
    if claim.package_id is not None:
        return order.package(claim.package_id)
    return order.packages[0] if len(order.packages) == 1 else None
