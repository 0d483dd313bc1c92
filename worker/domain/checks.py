"""Checks: one pure function per mechanical rule, and the table that orders them.

A check says what the terms make of the facts and proposes at most; it never decides.
Its text is one exact sentence for staff: the instants in UTC and the arithmetic.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from worker.domain.amounts import Proposal, fee
from worker.domain.claim import ClaimState, ClaimType, reference
from worker.domain.clauses import ClauseId
from worker.domain.deadlines import (
    DATE_MISMATCH,
    INTERNALDATE_IGNORED,
    REPORT_WITHIN,
    collect_by,
    is_date_mismatch,
    latest,
    report_by,
    span_in_words,
    utc,
)
from worker.domain.documents import (
    COMPLETING,
    DocumentKind,
    DocumentVerdict,
    Piece,
    is_complete,
)
from worker.domain.exclusions import NOTHING_KNOWN, History, codes, hints
from worker.domain.money import cents
from worker.domain.orders import Order, Package, Precision, When
from worker.domain.photographs import HASH_BITS, Photograph, is_older
from worker.domain.policy import LateCountsFrom, Policy, ThirtyDayCount
from worker.domain.values import differing, explained

TRANSIT_GAP = timedelta(hours=2)  # Source: clauses.md section 1.1

WHICH_PACKAGE = "which_package"
FEE_MISMATCH = "fee_mismatch"
LATE_BUT_DATE_IN_TIME = "late_but_date_in_time"
FILED_BEFORE_DELIVERY = "filed_before_delivery"
COLLECTED_AFTER_DELIVERY = "collected_after_delivery"
DELIVERY_DISPUTED = "delivery_disputed"
WEIGHT_DIFFERS = "weight_differs"
PHOTO_SEEN_BEFORE = "photo_seen_before"
PHOTO_OLDER_THAN_DELIVERY = "photo_older_than_delivery"
VALUE_DIFFERS = "value_differs"
RAISED_BY_CHECKS = (
    frozenset(
        {
            WHICH_PACKAGE,
            FEE_MISMATCH,
            LATE_BUT_DATE_IN_TIME,
            FILED_BEFORE_DELIVERY,
            COLLECTED_AFTER_DELIVERY,
            DELIVERY_DISPUTED,
            WEIGHT_DIFFERS,
            PHOTO_SEEN_BEFORE,
            PHOTO_OLDER_THAN_DELIVERY,
            VALUE_DIFFERS,
        }
    )
    | codes()
)

_G1, _G2, _G5 = ClauseId("G1"), ClauseId("G2"), ClauseId("G5")
_C1, _C3, _C7 = ClauseId("C1"), ClauseId("C3"), ClauseId("C7")
_C11, _C12 = ClauseId("C11"), ClauseId("C12")
_DOCUMENT_NAMES = {
    DocumentKind.PROOF_OF_PURCHASE: "proof of purchase",
    DocumentKind.ORDER_NOTIFICATION: "order notification",
    DocumentKind.PACKAGING_PHOTOS: "photographs of the packaging",
    DocumentKind.CONTENTS_PHOTOS: "photographs of the contents",
}


class FindingVerdict(StrEnum):
    """What a check found. Source: DESIGN section 5."""

    PASS = "pass"  # noqa: S105 - the contract's word, not a password
    FAIL = "fail"
    UNCLEAR = "unclear"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One hit of one check. `text` may be shown to staff; `evidence` names the facts.

    `proposes` is the state a failed mechanical check proposes; a person confirms it.
    `flags` are the stable words it raises on the claim.
    """

    clause: ClauseId
    verdict: FindingVerdict
    text: str
    evidence: str = ""
    proposes: ClaimState | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the checks may know, looked up before."""

    policy: Policy
    order: Order
    package: Package | None
    """None while several packages are possible (flag `which_package`)."""
    claim_type: ClaimType
    received_at: datetime
    header_date_at: datetime | None = None
    documents: tuple[DocumentVerdict, ...] = ()
    docs_complete_at: datetime | None = None
    photographs: tuple[Photograph, ...] = ()
    pieces: tuple[Piece, ...] = ()
    """The files that count."""
    history: History = NOTHING_KNOWN
    cleared: frozenset[tuple[str, str]] = frozenset()
    """Clause and evidence of the flags that a person cleared."""
    may_see_amounts: bool = True
    """False for an unproven sender: then no amount is proposed."""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What software works out about a claim; never final against a member."""

    claim_type: ClaimType
    state: ClaimState
    documents: tuple[DocumentVerdict, ...]
    findings: tuple[Finding, ...]
    flags: tuple[str, ...]
    docs_complete_at: datetime | None
    respond_by: datetime | None
    proposal: Proposal | None
    policy_version: str

    @property
    def proposed_usd(self) -> Decimal | None:
        """Return the amount that needs no audit, or None.

        None while the set is incomplete, the sender is unproven, a person must find
        the figure, or a mechanical check proposes that nothing is due.

        Source: DESIGN section 5 (claims inspect).
        """
        if self.proposal is None or self.proposal.needs_person:
            return None
        if self.state is ClaimState.INELIGIBLE_PROPOSED:
            return None
        return self.proposal.total.amount


V = FindingVerdict
INELIGIBLE = ClaimState.INELIGIBLE_PROPOSED


# -- cover ------------------------------------------------------------------------


def guarantee_bought(facts: Facts) -> Finding:
    """Return whether the Logistics Guarantee was bought with the order.

    Source: clause G1.
    """
    paid = facts.order.guarantee_fee_usd
    evidence = f"order directory: guarantee_fee_usd {_is(paid)}"
    if facts.order.has_guarantee:
        text = f"The Logistics Guarantee was bought with the order for {paid:,.2f} USD."
        return Finding(_G1, V.PASS, text, evidence)
    text = "The Logistics Guarantee was not bought with the order."
    return Finding(_G1, V.FAIL, text, evidence, proposes=INELIGIBLE)


def fee_matches(facts: Facts) -> Finding:
    """Return whether the fee charged is the one that the terms give.

    Product value is the sales price of all packages: after product discounts, before
    points. A mismatch is a warning and never counts against the member.

    Source: clause G2.
    """
    order = facts.order
    if order.guarantee_fee_usd is None or not order.has_guarantee:
        return Finding(_G2, V.NOT_APPLICABLE, "No guarantee fee was charged.")
    product_value = sum((p.sales_price_usd for p in order.packages), Decimal(0))
    due, paid = fee(product_value), cents(order.guarantee_fee_usd)
    text = (
        f"The fee charged is {paid:,.2f} USD; 10% of {product_value:,.2f} USD, and at"
        f" least 30.00, gives {due:,.2f} USD."
    )
    evidence = "order directory: guarantee_fee_usd, sales_price_usd"
    if paid == due:
        return Finding(_G2, V.PASS, text, evidence)
    return Finding(_G2, V.UNCLEAR, text, evidence, flags=(FEE_MISMATCH,))


# -- clocks of the package --------------------------------------------------------


def reported_within_24_hours(facts: Facts) -> Finding:
    """Return whether the claim came within 24 hours of receiving the package.

    Exactly 24:00:00 after the latest instant that the delivery record allows is in
    time. Not applied to a total loss. Late is only unclear, for a person to look at,
    where something speaks for the member: the type is not known yet, the Date header
    is in time and less than two hours away, the package was collected later than
    delivered, or the time of receipt itself had to be put right.

    Source: clause C11, switch late_24h_counts_from; clauses.md section 1.1.
    """
    mismatch = is_date_mismatch(facts.header_date_at, facts.received_at)
    flags = (DATE_MISMATCH,) if mismatch else ()
    package = facts.package
    if facts.claim_type is ClaimType.TOTAL_LOSS:
        disputed = (
            package is not None and receipt_record(package, facts.policy) is not None
        )
        text = "The 24 hours run only where a package was received."
        if disputed:
            text += " The directory has a delivery, which the member disputes."
            flags = (*flags, DELIVERY_DISPUTED)
        return Finding(_C11, V.NOT_APPLICABLE, text, flags=flags)
    if package is None:
        return _which_package(_C11, flags)
    delivered = receipt_record(package, facts.policy)
    if delivered is None:
        text = "The directory has no evidence of when the package was received."
        evidence = "order directory: delivered_at, collected_at are empty"
        return Finding(_C11, V.UNCLEAR, text, evidence, flags=flags)
    return _timed(facts, package, delivered, flags)


def not_unclaimed_over_30_days(facts: Facts) -> Finding:
    """Return whether the package was collected within 30 days of arriving.

    Compares its collection, else its delivery, with the limit; a package that was
    still waiting when the claim came is compared by the time of the claim.

    Source: clause C12, switch thirty_day_count.
    """
    package = facts.package
    if package is None:
        return _which_package(_C12)
    if package.arrived is not None:
        return _waited(facts, package, package.arrived)
    evidence = "order directory: arrived_at is empty"
    if package.delivered is None and package.collected is None:
        text = "The package has not arrived at its destination."
        return Finding(_C12, V.NOT_APPLICABLE, text, evidence)
    text = "The directory does not say when the package arrived to be collected."
    return Finding(_C12, V.UNCLEAR, text, evidence)


# -- documents and weight ---------------------------------------------------------


def documents_are_complete(facts: Facts) -> Finding:
    """Return whether every required document is there; a missing one is only unclear.

    Source: clause C7; clause C8 asks before anything else happens.
    """
    evidence = "; ".join(_document_words(verdict) for verdict in facts.documents)
    if not facts.documents:
        return Finding(_C7, V.NOT_APPLICABLE, "No documents were judged.")
    if is_complete(facts.claim_type, facts.documents):
        text = "Every required document is there."
        if facts.docs_complete_at is not None:
            text = (
                f"Every required document is there since {_at(facts.docs_complete_at)}."
            )
        return Finding(_C7, V.PASS, text, evidence)
    absent = [v for v in facts.documents if v.verdict not in COMPLETING]
    names = ", ".join(f"{v.kind} {_DOCUMENT_NAMES[v.kind]}" for v in absent)
    return Finding(_C7, V.UNCLEAR, f"Still to come: {names}.", evidence)


def photographs_are_new(facts: Facts) -> Finding:
    """Return whether no photograph nearly is one of an earlier claim; only a hint.

    Source: clause C3; clauses.md X6 (reused photos).
    """
    seen = [photo for photo in facts.photographs if photo.seen]
    if not facts.photographs:
        return Finding(_C3, V.NOT_APPLICABLE, "There are no photographs to compare.")
    if not seen:
        text = "No photograph was seen in an earlier claim."
        return Finding(_C3, V.PASS, text, "perceptual hashes of earlier claims")
    claims = sorted({reference(s.claim_id) for photo in seen for s in photo.seen})
    text = (
        f"{len(seen)} of {len(facts.photographs)} photographs nearly are ones of"
        f" {', '.join(claims)}."
    )
    evidence = "; ".join(_sighting_words(photo) for photo in seen)
    return Finding(_C3, V.UNCLEAR, text, evidence, flags=(PHOTO_SEEN_BEFORE,))


def photographs_follow_delivery(facts: Facts) -> Finding:
    """Return whether no photograph was taken before the delivery; only a hint.

    A camera's time without a zone is older only where it is in every zone of the
    world, and a date in the directory counts from its first moment.

    Source: clause C3.
    """
    package = facts.package
    received = None if package is None else receipt_record(package, facts.policy)
    dated = [photo for photo in facts.photographs if photo.taken_at is not None]
    if received is None or not dated:
        text = "There are no dates of photographs and of delivery to compare."
        return Finding(_C3, V.NOT_APPLICABLE, text)
    older = [photo for photo in dated if is_older(photo.taken_at or "", received)]
    if not older:
        text = "No photograph is dated before the delivery."
        return Finding(_C3, V.PASS, text, "EXIF: DateTimeOriginal")
    text = (
        f"{len(older)} of {len(dated)} dated photographs were taken before the"
        f" delivery, {_at(received.earliest_at)}, if the camera's clock was right."
    )
    evidence = "; ".join(f"{photo.filename}: {photo.taken_at}" for photo in older)
    return Finding(_C3, V.UNCLEAR, text, evidence, flags=(PHOTO_OLDER_THAN_DELIVERY,))


def value_is_as_ordered(facts: Facts) -> Finding:
    """Return whether the proof of purchase says what the directory does; a hint.

    The directory's values decide the money. A paper says otherwise where its total
    lies a quarter and more beyond what the order can explain.

    Source: clause G5.
    """
    shown = [piece for piece in facts.pieces if piece.total_usd is not None]
    if not shown:
        text = "No proof of purchase shows a total that can be compared."
        return Finding(_G5, V.NOT_APPLICABLE, text)
    range_ = explained(facts.order)
    evidence = "; ".join(f"{p.filename}: total {p.total_usd} USD" for p in shown)
    words = f"one that the order explains, {range_.least} to {range_.most} USD."
    if not differing(facts.pieces, facts.order):
        text = f"The total on the proof of purchase is {words}"
        return Finding(_G5, V.PASS, text, evidence)
    text = f"The total on the proof of purchase is not {words}"
    return Finding(_G5, V.UNCLEAR, text, evidence, flags=(VALUE_DIFFERS,))


def weight_is_as_estimated(facts: Facts) -> Finding:
    """Return whether the weight is near the estimate; a hint, and never more.

    4.20 kg estimated and 3.35 kg weighed differ by -20.2%, which is flagged (EX-15).

    Source: clause C1, switch weight_flag_percent.
    """
    package = facts.package
    if package is None:
        return _which_package(_C1)
    estimated, actual = package.estimated_weight_kg, package.actual_weight_kg
    if estimated is None or actual is None or estimated <= 0:
        return Finding(_C1, V.NOT_APPLICABLE, "The two weights are not both known.")
    percent = (actual - estimated) * 100 / estimated
    threshold = facts.policy.weight_flag_percent
    text = (
        f"Estimated {estimated} kg, weighed {actual} kg: {percent:+.1f}%; from"
        f" {threshold}% on it is a hint at a partial loss."
    )
    evidence = "order directory: estimated_weight_kg, actual_weight_kg"
    if abs(percent) < threshold:
        return Finding(_C1, V.PASS, text, evidence)
    return Finding(_C1, V.UNCLEAR, text, evidence, flags=(WEIGHT_DIFFERS,))


def exclusions(facts: Facts) -> tuple[Finding, ...]:
    """Return what the record hints at of the exclusions; none where it hints at none.

    Source: clauses X1 to X14.
    """
    return tuple(
        Finding(hint.clause, V.UNCLEAR, hint.text, hint.evidence, flags=(hint.code,))
        for hint in hints(facts.package, facts.history)
    )


# -- the table --------------------------------------------------------------------

Check = Callable[[Facts], Finding]

CHECKS: tuple[Check, ...] = (
    # Is it covered at all, and was the cover paid as the terms say?
    guarantee_bought,
    fee_matches,
    # Did it come in time, and was the package taken in time?
    reported_within_24_hours,
    not_unclaimed_over_30_days,
    # What is there, and what does it hint at?
    documents_are_complete,
    photographs_are_new,
    photographs_follow_delivery,
    value_is_as_ordered,
    weight_is_as_estimated,
)


def assess_checks(facts: Facts) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Return the finding of every check, then every hint, and all flags, each once.

    The flags that the facts came with stand first; of those that a check raises,
    only what it raises now, so that a matter that was settled leaves no flag. What a
    person cleared is not raised on the same evidence again.
    """
    found = [*(check(facts) for check in CHECKS), *exclusions(facts)]
    findings = tuple(_less_cleared(finding, facts) for finding in found)
    raised = [flag for finding in findings for flag in finding.flags]
    given = [flag for flag in facts.flags if flag not in RAISED_BY_CHECKS]
    return findings, tuple(dict.fromkeys([*given, *raised]))


# -- private ----------------------------------------------------------------------


def _less_cleared(finding: Finding, facts: Facts) -> Finding:
    if (finding.clause, finding.evidence) in facts.cleared:
        return replace(finding, flags=())
    return finding


def receipt_record(package: Package, policy: Policy) -> When | None:
    """Return the record of the member's receipt that decides, by the switch."""
    if policy.late_24h_counts_from is LateCountsFrom.COURIER_SCAN:
        return package.delivered
    return package.collected if package.delivered is None else package.delivered


def _sighting_words(photo: Photograph) -> str:
    seen = (
        f"{reference(one.claim_id)} ({'same' if one.is_same_member else 'another'}"
        f" member, {one.bits} of {HASH_BITS} bits differ)"
        for one in photo.seen
    )
    return f"{photo.filename}: {', '.join(seen)}"


def _timed(
    facts: Facts, package: Package, delivered: When, flags: tuple[str, ...]
) -> Finding:
    claimed_at = _to_second(facts.received_at)
    limit = report_by(delivered)
    name = "collected_at" if delivered is package.collected else "delivered_at"
    evidence = f"order directory: {name} = {delivered.written}"
    text = _elapsed_words(claimed_at, delivered)
    if claimed_at < utc(delivered.earliest_at):
        flags = (*flags, FILED_BEFORE_DELIVERY)
    if claimed_at <= limit:
        return Finding(_C11, V.PASS, text, evidence, flags=flags)
    doubts = _doubts(facts, package, delivered)
    if not doubts:
        return Finding(_C11, V.FAIL, text, evidence, INELIGIBLE, flags)
    text = " ".join([text, *(doubt.text for doubt in doubts)])
    raised = [doubt.flag for doubt in doubts if doubt.flag is not None]
    return Finding(_C11, V.UNCLEAR, text, evidence, flags=(*flags, *raised))


def _waited(facts: Facts, package: Package, arrived: When) -> Finding:
    taken, what = package.collected, "collected"
    if taken is None:
        taken, what = package.delivered, "delivered"
    evidence = f"order directory: arrived_at = {arrived.written}"
    if taken is not None:
        evidence += f", {what}_at = {taken.written}"
    until = _to_second(facts.received_at)
    if taken is None or utc(taken.earliest_at) > until:
        what = "not collected when the claim came"
    else:
        until = utc(taken.earliest_at)
    start = utc(arrived.earliest_at)
    limit = collect_by(arrived, facts.policy, destination_tz=package.destination_tz)
    gap = f"{_exactly(until - start)} later" if until >= start else "which is earlier"
    text = (
        f"The package arrived {_at(start)} and was {what} {_at(until)}, {gap};"
        f" {_counted(facts.policy)} ends at {_at(limit)}."
    )
    if until <= limit:
        return Finding(_C12, V.PASS, text, evidence)
    return Finding(_C12, V.FAIL, text, evidence, proposes=INELIGIBLE)


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Something that speaks for the member although the claim is late."""

    text: str
    flag: str | None = None


def _doubts(facts: Facts, package: Package, delivered: When) -> list[_Doubt]:
    claimed_at = _to_second(facts.received_at)
    found = []
    if facts.claim_type is ClaimType.UNKNOWN:
        text = "The type is not known, and a total loss has no such limit."
        found.append(_Doubt(text))
    if facts.header_date_at is not None:
        written_at = utc(facts.header_date_at)
        gap = utc(facts.received_at) - written_at
        if written_at <= report_by(delivered) and gap < TRANSIT_GAP:
            text = (
                f"The Date header, {_at(written_at)}, is in time: perhaps in transit."
            )
            found.append(_Doubt(text, LATE_BUT_DATE_IN_TIME))
    # The courier's proof decides, but a parcel may have waited for the member since.
    other = package.collected
    if other is not None and delivered is not other and claimed_at <= report_by(other):
        text = f"It is in time after the collection {_at(latest(other))}."
        found.append(_Doubt(text, COLLECTED_AFTER_DELIVERY))
    if INTERNALDATE_IGNORED in facts.flags:
        text = "INTERNALDATE was ignored as imported, so the receipt needs a look."
        found.append(_Doubt(text))
    return found


def _which_package(clause: ClauseId, flags: tuple[str, ...] = ()) -> Finding:
    text = "It is not known yet which package of the order this is about."
    return Finding(clause, V.UNCLEAR, text, flags=(*flags, WHICH_PACKAGE))


def _elapsed_words(claimed_at: datetime, delivered: When) -> str:
    received = f"Claim received {_at(claimed_at)}"
    start, end = utc(delivered.earliest_at), latest(delivered)
    if claimed_at < start:
        gap = _exactly(start - claimed_at)
        return f"{received}, {gap} before the recorded delivery at {_at(start)}."
    if claimed_at < end:
        return f'{received}, within the recorded delivery "{delivered.written}".'
    at = f"delivery at {_at(end)}"
    if delivered.precision is not Precision.SECOND:
        at = f'the end of the recorded delivery "{delivered.written}", {_at(end)}'
    gap = _exactly(claimed_at - end)
    limit = span_in_words(REPORT_WITHIN)
    return f"{received}, {gap} after {at}; the limit is {limit}."


def _counted(policy: Policy) -> str:
    if policy.thirty_day_count is ThirtyDayCount.HOURS_720:
        return "the time of 720 hours"
    return "day 30 at the destination"


def _document_words(verdict: DocumentVerdict) -> str:
    words = f"{verdict.kind} {verdict.verdict}"
    if verdict.why is not None:
        words += f" ({verdict.why})"
    return f"{words}: {', '.join(verdict.files)}" if verdict.files else words


def _to_second(at: datetime) -> datetime:
    """Return the instant as mail servers and couriers write it, to the second."""
    return utc(at).replace(microsecond=0)


def _at(at: datetime) -> str:
    return f"{utc(at):%Y-%m-%d %H:%M:%S} UTC"


def _exactly(length: timedelta) -> str:
    return span_in_words(length, is_exact=True)


def _is(value: Decimal | None) -> str:
    return "is empty" if value is None else f"= {value}"
