"""What the note recommends, what speaks against it, and the commands for the rest.

Software proposes and a person decides (DESIGN promise 5). Confidence and its reasons
follow from the assessment alone: each doubt has a weight, the strongest two are named.

Source: lifecycle.md section 8, points 8 and 10.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from worker.domain.amounts import Proposal
from worker.domain.claim import Claim, ClaimState
from worker.domain.documents import Verdict
from worker.domain.findings import Assessment, FindingVerdict
from worker.domain.note import Row

MOST_COUNTER = 2
"""Counter-arguments that are named. Source: lifecycle.md section 8, point 8."""
SURE, FAIR = 0, 2
"""Confidence is high with no doubt, medium with up to two, else low. Our choice."""
S = ClaimState
_REVIEWED = frozenset({S.UNDER_REVIEW, S.AWAITING_MEMBER, S.AWAITING_CARRIER})


@dataclass(frozen=True, slots=True, order=True)
class _Doubt:
    """What speaks against a recommendation; a lower `rank` is stronger."""

    rank: int
    text: str
    source: str = ""


def recommend(
    claim: Claim,
    assessment: Assessment,
    *,
    is_proven: bool,
    flags: tuple[str, ...] = (),
    earlier_claims: tuple[str, ...] = (),
) -> Iterator[Row]:
    """Yield what the terms suggest, how sure that is, and what speaks against it.

    Args:
        claim: as it stands.
        assessment: what the terms say.
        is_proven: whether any mail's sender is proven to be the member.
        flags: clauses of flags that a person set and nobody cleared.
        earlier_claims: of the same member, within a year.
    """
    text = _recommended(claim, assessment)
    yield Row(label="Recommended", text=text)
    if claim.state not in _REVIEWED | {S.INELIGIBLE_PROPOSED}:
        return
    doubts = sorted(
        _doubts(
            assessment,
            is_rejection=claim.state is S.INELIGIBLE_PROPOSED,
            is_proven=is_proven,
            flags=flags,
            earlier_claims=earlier_claims,
        )
    )
    number = len(doubts)
    confidence = "high" if number == SURE else "medium" if number <= FAIR else "low"
    yield Row(
        label="Confidence",
        text=f"{number} doubts in the record" if number else "no doubt in the record",
        mark=confidence,
    )
    for doubt in doubts[:MOST_COUNTER]:
        yield Row(label="Against it", text=doubt.text, source=doubt.source)
    if not doubts:
        yield Row(label="Against it", text="nothing in the record")


def alternatives(
    claim: Claim, assessment: Assessment, *, has_flags: bool
) -> Iterator[Row]:
    """Yield what else can be done, each with its command; capitals are to fill in."""
    for label, command in _commands(claim, assessment):
        yield Row(label=label, text=command.replace("REF", claim.ref))
    if has_flags and claim.is_open:
        command = f"claims flag {claim.ref} CLAUSE --clear --evidence WHY --by NAME"
        yield Row(label="Clear a flag", text=command)


_WAITS = {
    S.AWAITING_DOCUMENTS: "Wait for the member.",
    S.AWAITING_MEMBER: "Wait for the member.",
    S.AWAITING_CARRIER: "Wait for the carrier.",
    S.IDENTITY_HOLD: "Wait until the sender is proven, or check who wrote.",
}


def _recommended(claim: Claim, assessment: Assessment) -> str:
    if claim.state is S.INELIGIBLE_PROPOSED:
        failed = ", ".join(_failed(assessment)) or "the failed check"
        return f"Reject under {failed}, after a person has confirmed it."
    if claim.state is not S.UNDER_REVIEW:
        return _WAITS.get(claim.state, "Nothing is to be decided now.")
    proposal = assessment.proposal
    if proposal is None:
        return "Find out what is missing for the calculation, then decide."
    if proposal.needs_person:
        return f"Audit the loss and approve up to {proposal.total}."
    return f"Approve {proposal.total}."


def _doubts(
    assessment: Assessment,
    *,
    is_rejection: bool,
    is_proven: bool,
    flags: tuple[str, ...],
    earlier_claims: tuple[str, ...],
) -> Iterator[_Doubt]:
    for clause in flags:
        yield _Doubt(0, f"A person flagged {clause}.")
    yield from _doubts_of_checks(assessment, is_rejection=is_rejection)
    if is_rejection:
        for clause in _failed(assessment):
            text = f"{clause} rests on the record; the member may hold another one."
            yield _Doubt(4, text, "order directory")
    else:
        yield from _doubts_of_amount(assessment.proposal)
    for document in assessment.documents:
        if document.verdict is Verdict.PROVISIONAL:
            text = f"{document.kind} counts for the moment only: nobody has looked."
            yield _Doubt(5, text, document.evidence)
    if not is_proven:
        yield _Doubt(6, "No mail of the claim is proven to be the member's.")
    if earlier_claims:
        yield _Doubt(8, f"Earlier claims of this member: {', '.join(earlier_claims)}.")


def _doubts_of_checks(
    assessment: Assessment, *, is_rejection: bool
) -> Iterator[_Doubt]:
    for one in assessment.findings:
        is_failed = one.verdict is FindingVerdict.FAIL
        if is_failed and is_rejection:
            continue  # it is what the rejection rests on
        if one.flags:
            yield _Doubt(1, f"{one.clause}: {one.text}", one.evidence)
        elif is_failed:
            yield _Doubt(2, f"{one.clause} fails: {one.text}", one.evidence)
        elif one.verdict is FindingVerdict.UNCLEAR:
            yield _Doubt(3, f"{one.clause} is unclear: {one.text}", one.evidence)


def _doubts_of_amount(proposal: Proposal | None) -> Iterator[_Doubt]:
    if proposal is None:
        return
    if proposal.needs_person:
        yield _Doubt(4, "The figure is the most allowed; the loss was not audited.")
    for other in proposal.alternatives:
        text = f"Under another policy it would be {other.total}."
        yield _Doubt(7, text, f"switch {other.switch} = {other.value}")


def _failed(assessment: Assessment) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            one.clause
            for one in assessment.findings
            if one.verdict is FindingVerdict.FAIL
            and one.proposes is ClaimState.INELIGIBLE_PROPOSED
        )
    )


_COMMANDS = {
    S.INELIGIBLE_PROPOSED: (
        ("Reject under the failed check", "claims reject REF --by NAME"),
        ("Set the failed check aside", "claims overrule REF --reason WHY --by NAME"),
    ),
    S.IDENTITY_HOLD: (
        ("The sender is the member", "claims confirm REF --reason WHY --by NAME"),
    ),
    S.DECISION_PROPOSED: (
        ("Approve what is proposed", "claims approve REF --by NAME"),
        ("Return it", "claims return REF --reason WHY --by NAME"),
    ),
    S.APPEALED: (("Take the appeal", "claims take-appeal REF --by NAME"),),
}
_REVIEW = (
    (
        "Reject under a clause",
        "claims reject REF --clause CLAUSE --reason WHY --by NAME",
    ),
    ("Put it before a second person", "claims propose REF --amount USD --by NAME"),
)
_ASK = (
    ("Ask the member", "claims ask REF --text QUESTION --by NAME"),
    ("Ask the carrier", "claims carrier REF --reason WHAT --by NAME"),
)


def _commands(claim: Claim, assessment: Assessment) -> Iterator[tuple[str, str]]:
    if claim.state in _REVIEWED:
        yield from _approvals(assessment.proposal)
        yield from _REVIEW
    yield from _COMMANDS.get(claim.state, ())
    if claim.state is S.UNDER_REVIEW:
        yield from _ASK
    if claim.state is S.AWAITING_DOCUMENTS:
        for document in assessment.documents:
            if document.verdict in {Verdict.MISSING, Verdict.REJECTED}:
                command = f"claims waive REF {document.kind} --reason WHY --by NAME"
                yield f"Do without {document.kind}", command
    yield "Look at the claim and its clocks", "claims explain REF"


def _approvals(proposal: Proposal | None) -> Iterator[tuple[str, str]]:
    if proposal is not None and not proposal.needs_person:
        yield f"Approve {proposal.total}", "claims approve REF --by NAME"
    most = "" if proposal is None else f", at most {proposal.total}"
    yield (
        f"Approve another amount{most}",
        "claims approve REF --amount USD --reason WHY --by NAME",
    )
