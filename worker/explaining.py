"""Why a claim's clocks stand as they do, read from the record; changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.bootstrap import Parts
from worker.domain.claim import Claim
from worker.domain.deadlines import utc
from worker.domain.explanation import (
    ClockExplanation,
    in_zone,
    receipt,
    seven_days,
    thirty_days,
    twenty_four_hours,
    zone_of,
)
from worker.lookups import clocks_of, look_up, order_of
from worker.validate import Dossier, facts_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The clocks of a claim under the policy in force.

    `assessed_with` is the policy version of its latest assessment, None without one;
    local times are shown in `zone`.
    """

    claim: Claim
    zone: str
    zone_source: str
    policy_version: str
    assessed_with: str | None
    clocks: tuple[ClockExplanation, ...]


def explain(parts: Parts, claim: Claim) -> Explained:
    """Return every clock of a claim with its instants, sources and arithmetic.

    Raises:
        RetryLater: `order_gone`: the directory has lost its order.

    Source: clauses C10, C11 and C12; clauses.md section 1.
    """
    policy, store = parts.policy, parts.store
    seen = look_up(store, claim, order_of(parts.orders, claim))
    dossier, mails = seen.dossier, seen.mails
    facts = facts_of(claim, dossier, policy)
    zone, zone_source = zone_of(facts.package, policy)
    assessment = store.claims.latest_assessment(claim.claim_id)
    clocks = (
        receipt(
            claim,
            [
                clocks_of(store.mails.get(mail.mail_id), parts.house)
                for mail in mails
                if utc(mail.received_at) == utc(claim.received_at)
            ],
            policy,
            is_followed=len(mails) > 1,
        ),
        twenty_four_hours(facts),
        thirty_days(facts),
        seven_days(
            claim,
            policy,
            completed_by=_completed_by(claim, dossier),
            now=parts.clock.now(),
        ),
    )
    return Explained(
        claim=claim,
        zone=zone,
        zone_source=zone_source,
        policy_version=policy.version,
        assessed_with=None if assessment is None else assessment.policy_version,
        clocks=clocks,
    )


def as_json(found: Explained) -> dict[str, Any]:
    """Return an explanation as programs read it; instants are ISO 8601 in UTC."""
    return {
        "claim": found.claim.ref,
        "state": found.claim.state.value,
        "zone": found.zone,
        "zone_source": found.zone_source,
        "policy_version": found.policy_version,
        "assessed_with": found.assessed_with,
        "clocks": [
            {
                "name": clock.name,
                "clause": clock.clause,
                "result": clock.result,
                "text": clock.text,
                "lines": [
                    {
                        "label": line.label,
                        "at": _iso(line.at),
                        "local": None
                        if line.at is None
                        else in_zone(line.at, found.zone),
                        "text": line.text,
                        "source": line.source,
                    }
                    for line in clock.lines
                ],
            }
            for clock in found.clocks
        ],
    }


def _completed_by(claim: Claim, dossier: Dossier) -> str:
    """Return what happened at the instant at which the set became complete."""
    complete_at = claim.docs_complete_at
    if complete_at is None:
        return ""
    at = utc(complete_at)
    for mail in dossier.mails:
        if mail.counts_at == at and utc(mail.received_at) == at:
            return f"receipt of mail {mail.mail_id}"
    if dossier.released_at is not None and utc(dossier.released_at) == at:
        return "release of the held claim"
    waived = [kind for kind, one in dossier.waived.items() if utc(one) == at]
    return f"{waived[0]} waived" if waived else "the claim's record"


def _iso(at: datetime | None) -> str | None:
    return None if at is None else utc(at).isoformat().replace("+00:00", "Z")
