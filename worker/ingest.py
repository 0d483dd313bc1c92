"""Arrow 1: a mailbox becomes rows with raw mails, and a raw mail becomes a claim.

`sweep` is the poller's half: what the server has and the ledger has not goes to the
raw store, and only then, with its jobs and the cursor, into the ledger.
`understand` is the other half: what one mail is, whose claim it belongs to, and what
its attachments may serve as.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from worker.bounced import Bounced, bounced_email, thread_of
from worker.domain.authentication import Trust
from worker.domain.claim import Claim, ClaimState, ClaimType
from worker.domain.deadlines import received_stamp, utc
from worker.domain.documents import Piece
from worker.domain.identity import Sender, SenderTier, judge_sender
from worker.domain.joining import better_type, claim_to_join, closed_claims
from worker.domain.machines import MachineVerdict, detect
from worker.domain.mail import Fate, Mail, ReceivedStamp
from worker.domain.orders import Member, Order, Package
from worker.domain.policy import Policy
from worker.domain.reply import MailCause, is_issued
from worker.domain.roles import brings_files, dropped, pieces
from worker.domain.subject import (
    Candidates,
    IdPatterns,
    candidates_in,
    is_among,
    pairs,
    read_ids,
    together,
)
from worker.domain.wording import claim_type, is_withdrawal, tells_of_harm
from worker.ports import Lookups
from worker.sweeps import Suspects, SweepLimits, SweepResult, sweep

__all__ = [
    "Arrival",
    "House",
    "Suspects",
    "SweepLimits",
    "SweepResult",
    "Understanding",
    "sweep",
    "understand",
]
ORDER_DIGITS = 8
"""A lone id with so many digits is an order number: members have shorter ones."""
WHICH_PACKAGE, SEVERAL_ORDERS = "which_package", "several_orders"
WITHDRAWAL_ASKED = "withdrawal_asked"
MACHINE_NAMED_CLAIM = "machine_named_claim"
"""An alert: a mail that passes for a machine's has the form of a member's claim."""
NO_ANSWER = "no_automatic_answer"
"""A person's mail that gets no automatic answer: spam, or a no-reply sender."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """How a mail came to us; `given_at` overrules every clock (dry runs)."""

    mail_id: int
    internaldate_at: datetime | None
    first_seen_at: datetime
    given_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What is ours: addresses, servers, id forms, policy, and the token key."""

    own_addresses: frozenset[str]
    trust: Trust
    id_patterns: IdPatterns
    policy: Policy
    secret_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What a mail turned out to be, and what that does to a claim.

    At most one of `opens` and `joins` is set; `joined` is the joined claim as it is
    afterwards. `counts_from` is when the files begin to count: at once for a party
    to the claim, None while the sender is not proven.
    """

    fate: Fate
    signal: str
    sender: Sender
    stamp: ReceivedStamp
    cause: MailCause
    order: Order | None = None
    opens: Claim | None = None
    joins: Claim | None = None
    joined: Claim | None = None
    pieces: tuple[Piece, ...] = ()
    names_member: bool = False
    names_order: bool = False
    counts_from: datetime | None = None
    flags: tuple[str, ...] = ()
    bounced: Bounced | None = None
    alerts: tuple[str, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)
    """By path, why a file serves as nothing."""


def understand(
    mail: Mail, arrival: Arrival, known: Lookups, house: House
) -> Understanding:
    """Return what one mail is: a claim, a follow-up, or neither, and why.

    In this order: the same content again; a machine; then a person, by the thread
    the mail answers, and by the ids it names, which the directory must confirm. A
    copy of a held mail is read on: by its own road the sender may be proven.

    Raises:
        RetryLater: the order directory is down.

    Source: DESIGN section 4.
    """
    case = _Case(mail, arrival, known, house, stamp_of(mail, arrival, house))
    original = known.first_with_content(
        mail.content_sha256, before_mail_id=arrival.mail_id
    )
    if original is not None and not known.is_held(original):
        return case.duplicate(original)
    has_issued = mail.message_id is not None and is_issued(
        mail.message_id, house.secret_key
    )
    machine = detect(mail, house.own_addresses, is_own_message_id=has_issued)
    if machine.fate is not None:
        return case.machine(machine)
    case = replace(case, silencer=machine.signal)
    order, candidates, flags = case.named_order()
    thread = known.claim_of_addresses(mail.to_addresses)
    thread = thread or known.claim_of_messages(thread_of(mail))
    if thread is not None and not (order and candidates.is_strict):
        order = known.order(thread.order_number) or order
    if order is None:
        return case.no_match(candidates)
    found = case.for_order(order, thread, flags)
    if original is not None and found.fate is Fate.IDENTITY_HOLD:
        return case.duplicate(original)
    return found


def assign(
    mail: Mail,
    arrival: Arrival,
    known: Lookups,
    house: House,
    order: Order,
    *,
    package_id: str | None,
    thread: Claim | None = None,
) -> Understanding:
    """Return what a mail does to the claims of an order that a person chose for it.

    Whose mail it is, and what may be answered, is judged as of any other. `thread` is
    the claim that the person chose, if they chose one.

    Raises:
        RetryLater: the order directory is down.

    Source: lifecycle.md T4.
    """
    case = _Case(mail, arrival, known, house, stamp_of(mail, arrival, house))
    signal = detect(mail, house.own_addresses).signal
    case = replace(case, package_id=package_id, silencer=signal)
    return case.for_order(order, thread, ())


def stamp_of(mail: Mail | None, arrival: Arrival, house: House) -> ReceivedStamp:
    """Return when a mail came; of one that could not be read no header counts."""
    return received_stamp(
        () if mail is None else mail.hops,
        internaldate_at=arrival.internaldate_at,
        first_seen_at=arrival.first_seen_at,
        header_date_at=None if mail is None else mail.date_at,
        trusted_mx=house.trust.exchangers,
        policy=house.policy,
        given_at=arrival.given_at,
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """One mail being understood: what every way out of `understand` needs."""

    mail: Mail
    arrival: Arrival
    known: Lookups
    house: House
    stamp: ReceivedStamp
    silencer: str = ""
    """The signal that forbids an automatic answer to this person's mail, if any."""
    package_id: str | None = None
    """The package that a person chose."""

    # -- without a claim --

    def no_claim(self, fate: Fate, signal: str) -> Understanding:
        """Return a mail that touches no claim."""
        sender = self._sender(self._member_who_wrote())
        return Understanding(
            fate=fate,
            signal=signal,
            sender=sender,
            stamp=self.stamp,
            cause=self._cause(sender),
            flags=self.stamp.flags,
        )

    def duplicate(self, original: int) -> Understanding:
        """Return a mail whose content came before."""
        return self.no_claim(Fate.DUPLICATE, f"same content as mail {original}")

    def machine(self, verdict: MachineVerdict) -> Understanding:
        """Return a mail that no person wrote, and which of our e-mails came back."""
        fate = verdict.fate or Fate.AUTO_REPLY
        bounced = None
        if fate is Fate.BOUNCE:
            bounced = bounced_email(self.mail, self.known, self.house.secret_key)
        alerts = (MACHINE_NAMED_CLAIM,) if self._names_own_order() else ()
        found = self.no_claim(fate, verdict.signal)
        return replace(found, bounced=bounced, alerts=alerts)

    def _names_own_order(self) -> bool:
        """Return whether a member's first mail about their own order lies here.

        Such a mail is a person's who writes through a list or a program that marks
        all its mail, or who quotes a bounce. It is not answered, but somebody looks.
        """
        if thread_of(self.mail):
            return False
        named = read_ids(self.mail.subject, self.house.id_patterns).candidates
        orders = self._confirmed(named) if named.is_strict else []
        return bool(orders) and self._sender(orders[0].member).is_on_file

    def no_match(self, named: Candidates) -> Understanding:
        """Return a person's mail in which nothing could be confirmed."""
        signal = "no member and order that the directory confirms"
        names_member, names_order = _named_parts(named)
        return replace(
            self.no_claim(Fate.CANNOT_MATCH, signal),
            names_member=names_member,
            names_order=names_order,
        )

    # -- with an order --

    def named_order(self) -> tuple[Order | None, Candidates, tuple[str, ...]]:
        """Return the order that the ids lead to: the subject's first, then the body's.

        Guessing is never enough: the directory must say that the member owns it.
        """
        named = read_ids(self.mail.subject, self.house.id_patterns).candidates
        orders = self._confirmed(named)
        if not orders:
            body = candidates_in(self.mail.own_text, self.house.id_patterns)
            named = together(named, body)
            orders = self._confirmed(named)
        flags = (SEVERAL_ORDERS,) if len(orders) > 1 else ()
        return (orders[0] if orders else None), named, flags

    def for_order(
        self, order: Order, thread: Claim | None, flags: tuple[str, ...]
    ) -> Understanding:
        """Return what the mail does to the claims of an order."""
        sender = self._sender(order.member)
        package = self._package(order)
        if package is None and len(order.packages) > 1:
            flags = (*flags, WHICH_PACKAGE)
        kind, why = self._claim_type(package)
        cause = self._cause(sender)
        if not cause.may_be_answered:
            flags = (*flags, NO_ANSWER)
        flags = (*self.stamp.flags, *flags)
        base = Understanding(
            fate=Fate.CLAIM,
            signal=why,
            sender=sender,
            stamp=self.stamp,
            cause=cause,
            order=order,
            flags=flags,
        )
        fresh = Claim(
            claim_id=0,
            member_id=order.member.member_id,
            order_number=order.order_number,
            package_id=None if package is None else package.package_id,
            claim_type=kind,
            state=ClaimState.INTAKE,
            version=1,
            received_at=self._first_receipt(),
            flags=flags,
        )
        claims = self.known.claims_of(order.order_number)
        if sender.tier is SenderTier.C:
            found = _held(base, fresh, claims)
        else:
            if is_withdrawal(self.mail.own_text):
                base = replace(base, alerts=(WITHDRAWAL_ASKED,))
            is_bare = self._is_bare(order)
            found = _accepted(base, fresh, claims, thread, is_bare=is_bare)
            found = found if is_bare else self._reopening(found, claims)
        earlier = (
            () if found.joins is None else self.known.pieces_of(found.joins.claim_id)
        )
        brought = self._pieces(order, found, tuple(earlier))
        notes = dropped(self.mail, brought, tuple(earlier))
        if SEVERAL_ORDERS in flags:
            found = replace(found, alerts=(*found.alerts, SEVERAL_ORDERS))
        return replace(found, pieces=brought, notes=notes)

    def _reopening(
        self, found: Understanding, claims: list[tuple[Claim, str | None]]
    ) -> Understanding:
        """Open a claim again that was closed for want of documents (T26)."""
        claim = found.joined or found.opens
        if claim is None:
            return found
        same = [one for one, _ in claims if one.package_id == claim.package_id]
        is_closed = ClaimState.CLOSED_INCOMPLETE
        closed = next((one for one in same if one.state is is_closed), None)
        is_held = ClaimState.IDENTITY_HOLD
        if closed is None or any(
            one.is_open and one.state is not is_held for one in same
        ):
            return found
        since = self.known.closed_incomplete_at(closed.claim_id)
        window = self.house.policy.reopen_window
        if since is None or self.stamp.received_at > utc(since) + window:
            return found
        reopened = replace(
            closed,
            state=ClaimState.AWAITING_DOCUMENTS,
            documents_asked_at=None,
            documents_due_at=None,
            member_address=found.sender.address,
        )
        return replace(
            found,
            fate=Fate.FOLLOW_UP,
            signal=f"opens {closed.ref} again",
            opens=None,
            joins=closed,
            joined=reopened,
        )

    # -- details --

    def _first_receipt(self) -> datetime:
        """Return the receipt of the thread's first mail of this sender, matched or not.

        Who is asked for the order number has not written later for it (EX-76).

        Source: DESIGN section 4 (Sender); clause C11.
        """
        received_at, address = self.stamp.received_at, self.mail.from_address
        if address is None:
            return received_at
        first_at = self.known.first_unmatched(thread_of(self.mail), address)
        return received_at if first_at is None else min(first_at, received_at)

    def _confirmed(self, named: Candidates) -> list[Order]:
        found: dict[str, Order] = {}
        asked: set[str] = set()
        for _, number in pairs(named):
            if number in asked:
                continue
            asked.add(number)
            order = self.known.order(number)
            if order is not None and is_among(order.member.member_id, named):
                found.setdefault(order.order_number, order)
        return list(found.values())

    def _member_who_wrote(self) -> Member | None:
        address = self.mail.from_address
        members = () if address is None else self.known.members_at(address)
        return members[0] if members else None

    def _sender(self, member: Member | None) -> Sender:
        return judge_sender(self.mail, member, self.house.trust)

    def _cause(self, sender: Sender) -> MailCause:
        """Return the mail as what is answered.

        Exchange puts `X-Auto-Response-Suppress` on mail of people, so it keeps us
        silent towards strangers only: a member is owed the receipt.
        """
        is_hushed = bool(self.silencer) and (
            self.silencer != "response_suppressed" or sender.tier is SenderTier.C
        )
        return MailCause(
            mail_id=self.arrival.mail_id,
            message_id=self.mail.message_id,
            references=self.mail.references,
            sender=sender,
            received_at=self.stamp.received_at,
            may_be_answered=not is_hushed,
        )

    def _package(self, order: Order) -> Package | None:
        """Return the package that the mail is about, if that is certain."""
        if self.package_id is not None:
            return order.package(self.package_id)
        if len(order.packages) == 1:
            return order.packages[0]
        words = f"{self.mail.subject}\n{self.mail.own_text}".casefold()
        named = [p for p in order.packages if _is_named(p, words)]
        return named[0] if len(named) == 1 else None

    def _claim_type(self, package: Package | None) -> tuple[ClaimType, str]:
        was_delivered = None
        if package is not None:
            was_delivered = (package.delivered or package.collected) is not None
        return claim_type(
            self.mail.own_text, self.mail.subject, was_delivered=was_delivered
        )

    def _is_bare(self, order: Order) -> bool:
        """Return whether the mail brings no file and tells of no loss or damage."""
        mail = self.mail
        has_files = brings_files(mail, order, self.house.own_addresses)
        return not (has_files or tells_of_harm(mail.own_text, mail.subject))

    def _pieces(
        self, order: Order, found: Understanding, earlier: tuple[Piece, ...]
    ) -> tuple[Piece, ...]:
        """Return what the files may serve as, beside what the claim already has."""
        claim = found.opens or found.joined
        if claim is None:
            return ()
        return pieces(
            self.arrival.mail_id,
            self.mail,
            order,
            claim.claim_type,
            earlier=earlier,
            own_addresses=self.house.own_addresses,
        )


def _is_named(package: Package, words: str) -> bool:
    tracking = package.tracking_number
    return tracking is not None and tracking.casefold() in words


def _held(
    base: Understanding, fresh: Claim, claims: list[tuple[Claim, str | None]]
) -> Understanding:
    """Return a mail whose sender is not proven: it waits, and joins nothing else."""
    base = replace(base, fate=Fate.IDENTITY_HOLD, signal="sender not proven")
    for claim, held_address in claims:
        is_same = held_address is not None and held_address == base.sender.address
        if claim.state is ClaimState.IDENTITY_HOLD and is_same:
            return replace(base, joins=claim, joined=claim)
    return replace(base, opens=replace(fresh, state=ClaimState.IDENTITY_HOLD))


def _accepted(
    base: Understanding,
    fresh: Claim,
    claims: list[tuple[Claim, str | None]],
    thread: Claim | None,
    *,
    is_bare: bool,
) -> Understanding:
    """Return a party's mail: it joins the open claim, releases a held one, or opens.

    A bare mail opens none where one was closed: it is a word about that one.
    """
    base = replace(base, counts_from=base.stamp.received_at)
    fresh = replace(fresh, member_address=base.sender.address)
    known = [claim for claim, _ in claims]
    joins = claim_to_join(fresh, known, thread, base.sender)
    if joins is None and is_bare:
        joins = next(closed_claims(fresh, known), None)
    if joins is None:
        return replace(base, opens=fresh)
    joined = replace(
        joins,
        received_at=min(joins.received_at, fresh.received_at),
        claim_type=better_type(joins.claim_type, fresh.claim_type),
        package_id=joins.package_id or fresh.package_id,
        flags=tuple(dict.fromkeys([*joins.flags, *base.flags])),
        member_address=fresh.member_address,
    )
    if joins.state is ClaimState.IDENTITY_HOLD:
        joined = replace(
            joined, state=ClaimState.INTAKE, released_at=base.stamp.received_at
        )
    signal = f"joins {joins.ref}"
    return replace(base, fate=Fate.FOLLOW_UP, signal=signal, joins=joins, joined=joined)


def _named_parts(named: Candidates) -> tuple[bool, bool]:
    """Return whether the mail has a member id, and an order number, by their form.

    One lone id that may be either is told by its form: an order number has groups or
    many digits. The directory is not asked, so the answer tells nobody what exists.
    """
    lone = set(named.members) | set(named.orders)
    if len(lone) != 1 or not (named.members and named.orders):
        return bool(named.members), bool(named.orders)
    (text,) = lone
    digits = sum(character.isdigit() for character in text)
    is_order = "-" in text.strip("-") or digits >= ORDER_DIGITS
    return not is_order, is_order
