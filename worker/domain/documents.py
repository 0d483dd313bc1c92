"""The required documents: what an attachment may serve as, and the verdicts.

Source: clauses.md, document matrix (C3, C7); DESIGN section 4.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from worker.domain.claim import ClaimType


class DocumentKind(StrEnum):
    """D1 to D4 of the matrix."""

    PROOF_OF_PURCHASE = "D1"
    ORDER_NOTIFICATION = "D2"
    PACKAGING_PHOTOS = "D3"
    CONTENTS_PHOTOS = "D4"


class Verdict(StrEnum):
    """What the claim's files together say about one document."""

    SATISFIED = "satisfied"
    PROVISIONAL = "provisional"
    """Counts as there, and a reviewer looks at it."""
    WAIVED = "waived"
    NOT_REQUIRED = "not_required"
    MISSING = "missing"
    REJECTED = "rejected"


COMPLETING = frozenset(
    {Verdict.SATISFIED, Verdict.PROVISIONAL, Verdict.WAIVED, Verdict.NOT_REQUIRED}
)


class Why(StrEnum):
    """Reason of a rejected document. Source: DESIGN section 5."""

    ENCRYPTED = "encrypted"
    UNREADABLE = "unreadable"
    WRONG_ORDER = "wrong_order"
    DUPLICATE = "duplicate"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    INFECTED = "infected"
    NOT_THIS_KIND = "not_this_kind"


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of the claim and one thing it may serve as.

    An attachment that serves as two documents gives two pieces. A piece with a
    `why` is evidence that the member tried: it rejects, it never satisfies.
    """

    mail_id: int
    path: str
    filename: str
    sha256: str
    kind: DocumentKind
    is_provisional: bool = False
    why: Why | None = None
    evidence: str = ""
    """One sentence for staff: what was found where."""
    total_usd: Decimal | None = None
    """What a proof of purchase clearly shows as its total."""


@dataclass(frozen=True, slots=True)
class DocumentVerdict:
    """One row of the document list, as member and staff see it."""

    kind: DocumentKind
    verdict: Verdict
    why: Why | None = None
    files: tuple[str, ...] = ()
    evidence: str = ""


D = DocumentKind
PHOTOGRAPHS = frozenset({D.PACKAGING_PHOTOS, D.CONTENTS_PHOTOS})


def required(claim_type: ClaimType) -> frozenset[DocumentKind]:
    """Return the documents that block the claim when they are not there.

    D1 and D2 always; the photographs where a parcel was received (damage, partial
    loss). For `unknown` photographs are asked for but do not block.

    Source: clause C7, clauses.md document matrix.
    """
    always = frozenset({D.PROOF_OF_PURCHASE, D.ORDER_NOTIFICATION})
    match claim_type:
        case ClaimType.DAMAGE | ClaimType.PARTIAL_LOSS:
            return always | PHOTOGRAPHS
        case ClaimType.TOTAL_LOSS | ClaimType.UNKNOWN:
            return always


def judge(
    claim_type: ClaimType,
    pieces: tuple[Piece, ...],
    waived: frozenset[DocumentKind] = frozenset(),
) -> tuple[DocumentVerdict, ...]:
    """Return the verdict on D1 to D4, in that order, from all files of a claim.

    One good file outweighs any number of bad ones; among bad ones the last that
    came names the reason, because it is what the member did most recently.

    Source: clause C7, DESIGN section 4 (Verdict per document).
    """
    return tuple(
        _judge_one(kind, claim_type, [p for p in pieces if p.kind is kind], waived)
        for kind in DocumentKind
    )


def _judge_one(
    kind: DocumentKind,
    claim_type: ClaimType,
    pieces: list[Piece],
    waived: frozenset[DocumentKind],
) -> DocumentVerdict:
    if kind in PHOTOGRAPHS and claim_type is ClaimType.TOTAL_LOSS:
        return DocumentVerdict(kind, Verdict.NOT_REQUIRED)
    good = [p for p in pieces if p.why is None]
    certain = [p for p in good if not p.is_provisional]
    chosen = certain or good
    files = tuple(dict.fromkeys(p.filename for p in chosen))
    if chosen:
        verdict = Verdict.SATISFIED if certain else Verdict.PROVISIONAL
        return DocumentVerdict(kind, verdict, None, files, chosen[0].evidence)
    if kind in waived:
        return DocumentVerdict(kind, Verdict.WAIVED)
    if pieces:
        last = pieces[-1]
        return DocumentVerdict(
            kind, Verdict.REJECTED, last.why, (last.filename,), last.evidence
        )
    return DocumentVerdict(kind, Verdict.MISSING)


def is_complete(claim_type: ClaimType, verdicts: tuple[DocumentVerdict, ...]) -> bool:
    """Return whether every document that blocks is there."""
    needed = required(claim_type)
    return all(v.verdict in COMPLETING for v in verdicts if v.kind in needed)
