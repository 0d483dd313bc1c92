"""Checks: one pure function per mechanical rule, and the table that orders them.

A check says what the terms make of the facts and proposes at most; it never decides.
Its text is one exact sentence for staff: the instants in UTC and the arithmetic.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from worker.domain.amounts import fee
from worker.domain.claim import ClaimState, ClaimType
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
from worker.domain.evidence import (
    documents_are_complete,
    photographs_are_new,
    photographs_follow_delivery,
    value_is_as_ordered,
    weight_is_as_estimated,
)
from worker.domain.exclusions import hints
from worker.domain.findings import (
    COLLECTED_AFTER_DELIVERY,
    DELIVERY_DISPUTED,
    FEE_MISMATCH,
    FILED_BEFORE_DELIVERY,
    LATE_BUT_DATE_IN_TIME,
    RAISED_BY_CHECKS,
    Facts,
    Finding,
    FindingVerdict,
    on,
    receipt_record,
    which_package,
)
from worker.domain.money import cents
from worker.domain.orders import Package, Precision, When
from worker.domain.policy import Policy, ThirtyDayCount

TRANSIT_GAP = timedelta(hours=2)  # Source: clauses.md section 1.1

_G1, _G2 = ClauseId("G1"), ClauseId("G2")
_C11, _C12 = ClauseId("C11"), ClauseId("C12")
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
    if facts.header_date_at is None or not is_date_mismatch(
        facts.header_date_at, facts.received_at
    ):
        return _reported(facts, ())
    finding = _reported(facts, (DATE_MISMATCH,))
    dates = (
        f"Date header {utc(facts.header_date_at):%Y-%m-%d %H:%M:%S} UTC, received"
        f" {utc(facts.received_at):%Y-%m-%d %H:%M:%S} UTC"
    )
    evidence = "; ".join(one for one in (finding.evidence, dates) if one)
    return replace(finding, evidence=evidence)


def _reported(facts: Facts, flags: tuple[str, ...]) -> Finding:
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
        return which_package(_C11, flags)
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
        return which_package(_C12)
    if package.arrived is not None:
        return _waited(facts, package, package.arrived)
    evidence = "order directory: arrived_at is empty"
    if package.delivered is None and package.collected is None:
        text = "The package has not arrived at its destination."
        return Finding(_C12, V.NOT_APPLICABLE, text, evidence)
    text = "The directory does not say when the package arrived to be collected."
    return Finding(_C12, V.UNCLEAR, text, evidence)


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
        f"The package arrived {on(start)} and was {what} {on(until)}, {gap};"
        f" {_counted(facts.policy)} ends at {on(limit)}."
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
            text = f"The Date header, {on(written_at)}, is in time: perhaps in transit."
            found.append(_Doubt(text, LATE_BUT_DATE_IN_TIME))
    # The courier's proof decides, but a parcel may have waited for the member since.
    other = package.collected
    if other is not None and delivered is not other and claimed_at <= report_by(other):
        text = f"It is in time after the collection {on(latest(other))}."
        found.append(_Doubt(text, COLLECTED_AFTER_DELIVERY))
    if INTERNALDATE_IGNORED in facts.flags:
        text = "INTERNALDATE was ignored as imported, so the receipt needs a look."
        found.append(_Doubt(text))
    return found


def _elapsed_words(claimed_at: datetime, delivered: When) -> str:
    received = f"Claim received {on(claimed_at)}"
    start, end = utc(delivered.earliest_at), latest(delivered)
    if claimed_at < start:
        gap = _exactly(start - claimed_at)
        return f"{received}, {gap} before the recorded delivery at {on(start)}."
    if claimed_at < end:
        return f'{received}, within the recorded delivery "{delivered.written}".'
    at = f"delivery at {on(end)}"
    if delivered.precision is not Precision.SECOND:
        at = f'the end of the recorded delivery "{delivered.written}", {on(end)}'
    gap = _exactly(claimed_at - end)
    limit = span_in_words(REPORT_WITHIN)
    return f"{received}, {gap} after {at}; the limit is {limit}."


def _counted(policy: Policy) -> str:
    if policy.thirty_day_count is ThirtyDayCount.HOURS_720:
        return "the time of 720 hours"
    return "day 30 at the destination"


def _to_second(at: datetime) -> datetime:
    """Return the instant as mail servers and couriers write it, to the second."""
    return utc(at).replace(microsecond=0)


def _exactly(length: timedelta) -> str:
    return span_in_words(length, is_exact=True)


def _is(value: Decimal | None) -> str:
    return "is empty" if value is None else f"= {value}"
