"""Mails that no rule could place: a person says whose they are, or that none is one."""

from worker import ingest
from worker.bootstrap import Parts
from worker.decide.common import (
    Act,
    By,
    Done,
    allow,
    carry_out,
    check_role,
    name_of,
    need,
)
from worker.domain.claim import Claim, ClaimState, Event
from worker.domain.errors import UsageError
from worker.domain.mail import Fate
from worker.domain.orders import Order
from worker.lookups import Lookups
from worker.steps.intake import settle_assigned

ASSIGNABLE = frozenset({Fate.CANNOT_MATCH, Fate.NOT_A_CLAIM, Fate.AUTO_REPLY})
"""Fates that a person may undo (T2, T4)."""


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
    check_role(by, Event.MAIL_ASSIGNED)
    mails = parts.store.mails
    if not mails.exists(mail_id):
        raise UsageError(f"there is no mail {mail_id}")
    record = mails.get(mail_id)
    if record.mail is None or record.fate is None:
        raise UsageError(f"mail {mail_id} was not read: its claim cannot be opened")
    order = _order(parts, order_number, package_id)
    has_claim = record.claim_id is not None
    if not has_claim and record.fate not in ASSIGNABLE:
        raise UsageError(f"mail {mail_id} is no mail of a member: {record.fate}")
    arrival = ingest.Arrival(
        mail_id=mail_id,
        internaldate_at=record.internaldate_at,
        first_seen_at=record.first_seen_at,
    )
    known = Lookups(parts.store, parts.orders, parts.identity.secret_key)
    found = ingest.assign(
        record.mail, arrival, known, parts.house, order, package_id=package_id
    )
    if found.joins is not None and found.joins.claim_id == record.claim_id:
        raise UsageError(f"mail {mail_id} belongs to {found.joins.ref} already")
    name = name_of(by)
    return settle_assigned(parts, record, found, by=name, is_shared=has_claim)


def dismiss(parts: Parts, mail_id: int, *, by: By) -> None:
    """Say that an unmatched mail is no claim (T4).

    Raises:
        UsageError: it is not an unmatched mail.
    """
    check_role(by, Event.MAIL_ASSIGNED)
    name = name_of(by)
    with parts.store.transaction() as work:
        if not work.dismiss_mail(mail_id, by=name):
            raise UsageError(f"mail {mail_id} is not among the unmatched ones")


def confirm(parts: Parts, claim: Claim, *, by: By, reason: str) -> Done:
    """Release a held claim: a person has checked who wrote (T6).

    Raises:
        UsageError: it is not held, or another claim is open for its package.
    """
    allow(claim, Event.IDENTITY_CONFIRMED, "confirmed")
    for other, _ in parts.store.claims.of_order(claim.order_number):
        is_open = other.is_open and other.state is not ClaimState.IDENTITY_HOLD
        if is_open and other.package_id == claim.package_id:
            raise UsageError(
                f"{other.ref} is open for that package: `claims merge {claim.ref}"
                f" --into {other.ref}`"
            )
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


def _order(parts: Parts, number: str, package_id: str | None) -> Order:
    order = parts.orders.order(number)
    if order is None:
        raise UsageError(f"there is no order {number}: see `claims orders import`")
    if package_id is not None and order.package(package_id) is None:
        ids = ", ".join(package.package_id for package in order.packages)
        raise UsageError(f"the order has no package {package_id}; it has {ids}")
    return order
