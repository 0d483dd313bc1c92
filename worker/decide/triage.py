"""Mails that no rule could place: a person says whose they are, or that none is one."""

import contextlib
from collections.abc import Callable

from worker import ingest
from worker.adapters.store.mails import MailRecord
from worker.bootstrap import Parts
from worker.decide.common import (
    Act,
    By,
    Done,
    Staff,
    allow,
    carry_out,
    check_role,
    name_of,
    need,
)
from worker.decide.insisting import TRIES
from worker.domain.claim import Claim, ClaimState, Event
from worker.domain.errors import ClaimMoved, UsageError
from worker.domain.mail import Fate
from worker.domain.orders import Order
from worker.lookups import Lookups
from worker.steps.intake import settle_assigned

ASSIGNABLE = frozenset({Fate.CANNOT_MATCH, Fate.NOT_A_CLAIM, Fate.AUTO_REPLY})
"""Fates that a person may undo (T2, T4)."""
TRIAGE_ALERTS = (
    ingest.SEVERAL_ORDERS,
    ingest.MACHINE_NAMED_CLAIM,
    ingest.WITHDRAWAL_ASKED,
    "mail_after_close",
)
"""What is noticed on a mail for a person to look at."""


def assign(
    parts: Parts,
    mail_id: int,
    *,
    order_number: str,
    package_id: str | None = None,
    by: By,
) -> Claim:
    """Take a mail for a claim on an order (T4); its receipt is kept.

    A mail that belongs to a claim may be assigned to a second order or package, where
    it tells of both (EX-77): a claim of its own is opened and shares the mail.

    Raises:
        UsageError: there is no such mail or order, or the mail is a copy or a report.
    """
    return _place(
        parts,
        lambda: foresee(
            parts, mail_id, order_number=order_number, package_id=package_id, by=by
        ),
        by=by,
    )


def join(parts: Parts, mail_id: int, claim: Claim, *, by: By) -> Claim:
    """Let a mail join a claim that a person chose (T4); its receipt is kept.

    Raises:
        UsageError: there is no such mail, it is a copy or a report, the claim was
            merged or dismissed, or the sender is no party to it.
    """
    claim_id = claim.claim_id
    return _place(
        parts,
        lambda: foresee_joining(
            parts, mail_id, parts.store.claims.get(claim_id) or claim, by=by
        ),
        by=by,
    )


def foresee(
    parts: Parts,
    mail_id: int,
    *,
    order_number: str,
    package_id: str | None = None,
    by: By,
) -> tuple[MailRecord, ingest.Understanding]:
    """Return what `assign` would do with a mail; nothing happens.

    Raises:
        UsageError: as `assign`.
    """
    record = assignable(parts, mail_id, by=by)
    order = order_named(parts, order_number, package_id)
    found = _understood(parts, record, order, package_id=package_id, thread=None)
    _new_to(parts, record, found)
    return record, found


def foresee_joining(
    parts: Parts, mail_id: int, claim: Claim, *, by: By
) -> tuple[MailRecord, ingest.Understanding]:
    """Return what `join` would do with a mail; nothing happens.

    Raises:
        UsageError: as `join`.
    """
    record = assignable(parts, mail_id, by=by)
    if claim.state in {ClaimState.MERGED, ClaimState.NOT_A_CLAIM}:
        raise UsageError(
            f"{claim.ref} takes no mail: it was {claim.state.replace('_', ' ')}"
        )
    order = order_named(parts, claim.order_number, None)
    found = _understood(parts, record, order, package_id=claim.package_id, thread=claim)
    if found.joins is None or found.joins.claim_id != claim.claim_id:
        raise UsageError(
            f"who wrote mail {mail_id} is not proven to be the member of {claim.ref}:"
            f" assign it to order {claim.order_number}, confirm who wrote, and merge"
        )
    _new_to(parts, record, found)
    return record, found


def dismiss(parts: Parts, mail_id: int, *, by: By, copy_of: int | None = None) -> None:
    """Say that an unmatched mail is no claim, or a copy of an earlier mail (T4).

    Raises:
        UsageError: it is not an unmatched mail, or the other one came later: its
            receipt would be lost.
    """
    check_role(by, Event.MAIL_ASSIGNED)
    name = name_of(by)
    if copy_of is not None:
        if not parts.store.mails.exists(copy_of):
            raise UsageError(f"there is no mail {copy_of}")
        if copy_of >= mail_id:
            raise UsageError(
                f"mail {copy_of} is not older than mail {mail_id}, whose receipt would"
                " be lost: assign it to the claim instead"
            )
    with parts.store.transaction() as work:
        if not work.dismiss_mail(mail_id, by=name, copy_of=copy_of):
            raise UsageError(f"mail {mail_id} is not among the unmatched ones")


def restore(parts: Parts, mail_id: int, *, by: By) -> None:
    """Take a dismissal back: the mail is among the unmatched again (T2, T4).

    Raises:
        UsageError: no person dismissed it, or it was placed meanwhile.
    """
    check_role(by, Event.MAIL_ASSIGNED)
    name = name_of(by)
    with parts.store.transaction() as work:
        if not work.restore_mail(mail_id, by=name):
            raise UsageError(f"mail {mail_id} was not dismissed, or was placed since")


def settle_alerts(parts: Parts, mail_id: int, *, by: By) -> None:
    """Say that nothing is left to do about what was noticed on a mail (T4).

    Raises:
        UsageError: nothing stands about it.
    """
    check_role(by, Event.MAIL_ASSIGNED)
    name = name_of(by)
    with parts.store.transaction() as work:
        if not work.settle_alerts(mail_id, TRIAGE_ALERTS, by=name):
            raise UsageError(f"nothing is open about mail {mail_id}")


def raise_alerts_again(parts: Parts, mail_id: int, *, by: By) -> None:
    """Take that back: what was noticed on the mail stands again.

    Raises:
        UsageError: nobody had dismissed anything of it.
    """
    check_role(by, Event.MAIL_ASSIGNED)
    name = name_of(by)
    with parts.store.transaction() as work:
        if not work.raise_alerts_again(mail_id, TRIAGE_ALERTS, by=name):
            raise UsageError(f"nothing about mail {mail_id} was dismissed")


def dismiss_held(parts: Parts, claim: Claim, *, by: By, reason: str = "") -> Done:
    """Close a held claim as none (T4): nobody is told anything.

    Raises:
        UsageError: it is not held.
    """
    allow(claim, Event.DISMISSED, "dismissed")
    name = name_of(by)
    return carry_out(
        parts,
        claim,
        (Act(Event.DISMISSED, reason.strip()),),
        by=by,
        also=lambda work, saved: work.refate_held_mails(
            saved.claim_id, Fate.NOT_A_CLAIM, by=name
        ),
    )


def restore_held(parts: Parts, claim: Claim, *, by: By) -> Done:
    """Take that back (T4): the claim is held again.

    Raises:
        UsageError: it was not dismissed.
    """
    allow(claim, Event.RESTORED, "put back")
    name = name_of(by)
    return carry_out(
        parts,
        claim,
        (Act(Event.RESTORED),),
        by=by,
        also=lambda work, saved: work.refate_held_mails(
            saved.claim_id, Fate.IDENTITY_HOLD, by=name
        ),
    )


def confirm(parts: Parts, claim: Claim, *, by: By, reason: str) -> Done:
    """Release a held claim: a person has checked who wrote (T6).

    Raises:
        UsageError: it is not held, or another claim is open for its package.
    """
    check_confirm(parts, claim, by=by, reason=reason)
    now = parts.clock.now()
    act = Act(Event.IDENTITY_CONFIRMED, need(reason, "--reason"))
    return carry_out(
        parts,
        claim,
        (act,),
        by=by,
        assess="released",
        also=lambda work, saved: work.release_held_mails(saved.claim_id, at=now),
        released_at=now,
    )


def check_confirm(parts: Parts, claim: Claim, *, by: By, reason: str) -> None:
    """Make sure that `confirm` is possible as the claim stands; nothing happens.

    Raises:
        UsageError: it is not.
    """
    check_role(by, Event.IDENTITY_CONFIRMED)
    need(reason, "--reason")
    allow(claim, Event.IDENTITY_CONFIRMED, "confirmed")
    other = open_beside(parts, claim)
    if other is not None:
        raise UsageError(
            f"{other.ref} is open for that package: `claims merge {claim.ref}"
            f" --into {other.ref}`"
        )


def open_beside(parts: Parts, claim: Claim) -> Claim | None:
    """Return the open claim for the same package, into which a held one is merged."""
    for other, _ in parts.store.claims.of_order(claim.order_number):
        is_open = other.is_open and other.state is not ClaimState.IDENTITY_HOLD
        if is_open and other.package_id == claim.package_id:
            return other
    return None


def assignable(parts: Parts, mail_id: int, *, by: By) -> MailRecord:
    """Return a mail that a person may place.

    Raises:
        UsageError: there is none, it was not read, or it is a copy or a report.
    """
    check_role(by, Event.MAIL_ASSIGNED)
    mails = parts.store.mails
    if not mails.exists(mail_id):
        raise UsageError(f"there is no mail {mail_id}")
    record = mails.get(mail_id)
    if record.mail is None or record.fate is None:
        raise UsageError(f"mail {mail_id} was not read: its claim cannot be opened")
    if record.claim_id is None and record.fate not in ASSIGNABLE:
        raise UsageError(f"mail {mail_id} is no mail of a member: {record.fate}")
    return record


def order_named(parts: Parts, number: str, package_id: str | None) -> Order:
    """Return an order of the directory.

    Raises:
        UsageError: there is none, or it has no such package.
    """
    order = parts.orders.order(number)
    if order is None:
        raise UsageError(f"there is no order {number}: see `claims orders import`")
    if package_id is not None and order.package(package_id) is None:
        ids = ", ".join(package.package_id for package in order.packages)
        raise UsageError(f"the order has no package {package_id}; it has {ids}")
    return order


def _understood(
    parts: Parts,
    record: MailRecord,
    order: Order,
    *,
    package_id: str | None,
    thread: Claim | None,
) -> ingest.Understanding:
    assert record.mail is not None  # noqa: S101 - `assignable` looked
    arrival = ingest.Arrival(
        mail_id=record.mail_id,
        internaldate_at=record.internaldate_at,
        first_seen_at=record.first_seen_at,
    )
    known = Lookups(parts.store, parts.orders, parts.identity.secret_key)
    return ingest.assign(
        record.mail,
        arrival,
        known,
        parts.house,
        order,
        package_id=package_id,
        thread=thread,
    )


def _new_to(parts: Parts, record: MailRecord, found: ingest.Understanding) -> None:
    if found.joins is None:
        return
    mails = parts.store.claims.mails(found.joins.claim_id)
    if any(one.mail_id == record.mail_id for one in mails):
        raise UsageError(f"mail {record.mail_id} belongs to {found.joins.ref} already")


def _place(
    parts: Parts,
    foreseen: Callable[[], tuple[MailRecord, ingest.Understanding]],
    *,
    by: By,
) -> Claim:
    """Place a mail as it is foreseen; again where the worker moved its claim first.

    Nobody chose a version of that claim, so each look applies all rules to it anew.
    """

    def place() -> Claim:
        record, found = foreseen()
        return settle_assigned(
            parts,
            record,
            found,
            by=name_of(by),
            is_shared=record.claim_id is not None,
            along=by.along if isinstance(by, Staff) else None,
        )

    for _ in range(TRIES - 1):
        with contextlib.suppress(ClaimMoved):
            return place()
    return place()
