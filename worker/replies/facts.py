"""What the templates are told: plain strings, numbers, lists and dicts of codes.

Templates turn the codes into words, so nothing here is in any language. What a sender
wrote (subject, names, file names) never becomes a fact.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from worker.domain.claim import Claim, ClaimState, ClaimType
from worker.domain.clauses import CLAUSES, ClauseId
from worker.domain.documents import (
    COMPLETING,
    DocumentKind,
    DocumentVerdict,
    Verdict,
    is_complete,
    required,
)
from worker.domain.findings import Assessment, FindingVerdict
from worker.domain.identity import SenderTier
from worker.domain.orders import Order, When
from worker.replies.may_say import WHAT_WE_MAY_SAY, Topic
from worker.replies.values import Value, instant, recorded, span

TOLD_CHECKS = (ClauseId("G1"), ClauseId("C12"), ClauseId("C11"))
"""Mechanical checks that a member hears about; the other findings are for staff."""
_PHOTOS = frozenset({DocumentKind.PACKAGING_PHOTOS, DocumentKind.CONTENTS_PHOTOS})
_NAME = re.compile(r"(?:[^\W\d_]|[ '\u2019-]|\.(?= |$)){1,60}")


def ids(claim: Claim) -> dict[str, Any]:
    """Return the ids, and the subject that keeps replies in one thread."""
    member_id, order_number = plain(claim.member_id), plain(claim.order_number)
    return {
        "claim_ref": claim.ref,
        "member_id": member_id,
        "order_number": order_number,
        "thread": f"{member_id}+{order_number}+Claim [#{claim.ref}]",
    }


def claim_facts(claim: Claim, order: Order, tier: SenderTier) -> dict[str, Any]:
    """Return whom and what the claim is about, as far as the tier may hear.

    A name with anything but letters and the signs of names greets nobody, because
    members choose it themselves.
    """
    may_say = WHAT_WE_MAY_SAY[tier]
    name = plain(order.member.name)
    is_name = Topic.NAME in may_say and _NAME.fullmatch(name) is not None
    tells_order = Topic.ORDER in may_say
    return ids(claim) | {
        "name": name if is_name else None,
        "package_id": plain(claim.package_id)
        if tells_order and claim.package_id is not None
        else None,
        "claim_type": claim.claim_type.value if tells_order else None,
    }


def document_facts(claim: Claim, assessment: Assessment) -> dict[str, Any]:
    """Return the list of documents by code; file names are the sender's own words."""
    needed = required(assessment.claim_type)
    says_no_photos = "claims_photos_unavailable" in {*claim.flags, *assessment.flags}
    rows = [
        {
            "kind": row.kind.value,
            "mark": _mark(
                row, is_needed=row.kind in needed, says_no_photos=says_no_photos
            ),
            "verdict": row.verdict.value,
            "why": _why(row),
        }
        for row in assessment.documents
        if row.verdict is not Verdict.NOT_REQUIRED
    ]
    return {
        "documents": rows,
        "open_count": sum(row["mark"] == "need" for row in rows),
        "is_complete": is_complete(assessment.claim_type, assessment.documents),
        "asks_for_photos": any(
            row["mark"] == "need" and row["kind"] in _PHOTOS for row in rows
        ),
        "terms": {"C8": CLAUSES[ClauseId("C8")].text},
    }


def _is_absent(row: DocumentVerdict) -> bool:
    return row.verdict not in COMPLETING


def _mark(row: DocumentVerdict, *, is_needed: bool, says_no_photos: bool) -> str:
    """Return `have`, `need` (it blocks the claim), `wish` (it would help) or `look`.

    `look` is a photograph that the member cannot send: a person may waive it (C7).
    """
    if not _is_absent(row):
        return "have"
    if says_no_photos and row.kind in _PHOTOS and row.verdict is Verdict.MISSING:
        return "look"
    return "need" if is_needed else "wish"


def _why(row: DocumentVerdict) -> str | None:
    if not _is_absent(row):
        return None
    if row.verdict is Verdict.MISSING:
        return "missing"
    return "unusable" if row.why is None else row.why.value


def clock_facts(
    claim: Claim,
    assessment: Assessment,
    order: Order,
    tier: SenderTier,
    now: datetime,
) -> dict[str, Any]:
    """Return the dates that lie ahead; one that has passed is not promised again."""
    zone = destination_zone(claim, order, tier)
    respond_by = assessment.respond_by if claim.respond_by is None else claim.respond_by
    dates = {"respond_by": respond_by, "due": claim.documents_due_at}
    return {
        name: instant(at, zone) if at is not None and at > now else None
        for name, at in dates.items()
    }


def destination_zone(claim: Claim, order: Order, tier: SenderTier) -> str | None:
    """Return the destination's zone, which is known from the order only."""
    package = order.package(claim.package_id)
    if package is None or Topic.ORDER not in WHAT_WE_MAY_SAY[tier]:
        return None
    return package.destination_tz


def questions(claim: Claim, assessment: Assessment, tier: SenderTier) -> list[str]:
    """Return what the member is asked besides documents, by code.

    Only those who may hear of the order are told that it has several packages; the
    others are asked in words that suit every order.

    Source: clauses C2, C5; DESIGN section 4 (which_package).
    """
    asked = []
    if assessment.claim_type is ClaimType.UNKNOWN:
        asked.append("what_happened")
    if claim.package_id is None or Topic.ORDER not in WHAT_WE_MAY_SAY[tier]:
        knows = Topic.ORDER in WHAT_WE_MAY_SAY[tier]
        asked.append("which_package" if knows else "which_package_if_several")
    if assessment.claim_type in {ClaimType.DAMAGE, ClaimType.PARTIAL_LOSS}:
        asked.append("was_it_inspected")
    return asked


def checks(
    claim: Claim, assessment: Assessment, order: Order, tier: SenderTier
) -> list[dict[str, Any]]:
    """Return the mechanical checks with the facts that they rest on."""
    if Topic.ORDER not in WHAT_WE_MAY_SAY[tier]:
        return []
    told = {f.clause: f for f in assessment.findings if f.clause in TOLD_CHECKS}
    return [
        {
            "clause": clause,
            "verdict": told[clause].verdict.value,
            "relied_on": relied_on(clause, claim, order),
        }
        for clause in TOLD_CHECKS
        if clause in told and told[clause].verdict is not FindingVerdict.NOT_APPLICABLE
    ]


def waits_for(claim: Claim, documents: dict[str, Any], tier: SenderTier) -> str:
    """Return by code what the claim waits for; `documents` are `document_facts`."""
    match claim.state:
        case ClaimState.AWAITING_MEMBER:
            return "answer"
        case ClaimState.AWAITING_CARRIER:
            return "carrier"
        case ClaimState.DECISION_PROPOSED:
            return "approval"
        case ClaimState.INELIGIBLE_PROPOSED if Topic.ORDER in WHAT_WE_MAY_SAY[tier]:
            return "eligibility"
        case _ if documents["open_count"]:
            return "documents"
        case _:
            return "decision" if documents["is_complete"] else "photos"


def relied_on(clause: ClauseId, claim: Claim, order: Order) -> list[dict[str, Any]]:
    """Return the facts with times that a mechanical check rests on, by code."""
    package = order.package(claim.package_id)
    rows: dict[str, Value | str] = {}
    if clause == "G1":
        rows["guarantee"] = "bought" if order.has_guarantee else "not_bought"
    elif package is not None and clause == "C11":
        delivered = package.delivered or package.collected
        rows = _interval("delivered", delivered, claim, package.destination_tz)
    elif package is not None and clause == "C12":
        rows = _interval("arrived", package.arrived, claim, package.destination_tz)
        collected = package.collected or package.delivered
        if collected is not None and package.arrived is not None:
            rows = {
                "arrived": rows["arrived"],
                "collected": recorded(collected, package.destination_tz),
                "between": span(collected.earliest_at - package.arrived.latest_at),
            }
    return [{"what": what, "value": value} for what, value in rows.items()]


def _interval(
    what: str, when: When | None, claim: Claim, zone: str | None
) -> dict[str, Value | str]:
    """Return a directory time, the claim's receipt, and how long lies between.

    An imprecise time counts as its latest instant, which is the kinder reading.
    """
    received_at = instant(claim.received_at, zone, is_exact=True)
    if when is None:
        return {what: "unknown", "claim_received": received_at}
    rows: dict[str, Value | str] = {
        what: recorded(when, zone),
        "claim_received": received_at,
    }
    if claim.received_at > when.latest_at:
        rows["between"] = span(claim.received_at - when.latest_at)
    return rows


def quoted(clauses: Iterable[ClauseId]) -> list[dict[str, str]]:
    """Return the clauses with their full text, each once."""
    return [
        {"id": clause.clause_id, "text": clause.text}
        for clause in (CLAUSES[c] for c in dict.fromkeys(clauses))
    ]


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text by staff, each on one line."""
    return [plain(part) for part in re.split(r"\n\s*\n", text) if part.strip()]


def plain(text: str) -> str:
    """Return the text on one line, without control and direction characters."""
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return " ".join("".join(c if c.isprintable() else " " for c in line).split())
