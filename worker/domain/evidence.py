"""Checks of what was sent and weighed: papers, photographs, values, weights.

Each is a hint for the reviewer; none counts against the member by itself.
"""

from worker.domain.claim import reference
from worker.domain.clauses import ClauseId
from worker.domain.documents import (
    COMPLETING,
    DocumentKind,
    DocumentVerdict,
    is_complete,
)
from worker.domain.findings import (
    PHOTO_OLDER_THAN_DELIVERY,
    PHOTO_SEEN_BEFORE,
    VALUE_DIFFERS,
    WEIGHT_DIFFERS,
    Facts,
    Finding,
    FindingVerdict,
    on,
    receipt_record,
    which_package,
)
from worker.domain.photographs import HASH_BITS, Photograph, is_older
from worker.domain.values import differing, explained

V = FindingVerdict
_C1, _C3, _C7, _G5 = ClauseId("C1"), ClauseId("C3"), ClauseId("C7"), ClauseId("G5")
_DOCUMENT_NAMES = {
    DocumentKind.PROOF_OF_PURCHASE: "proof of purchase",
    DocumentKind.ORDER_NOTIFICATION: "order notification",
    DocumentKind.PACKAGING_PHOTOS: "photographs of the packaging",
    DocumentKind.CONTENTS_PHOTOS: "photographs of the contents",
}


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
                f"Every required document is there since {on(facts.docs_complete_at)}."
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
        f" delivery, {on(received.earliest_at)}, if the camera's clock was right."
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
        return which_package(_C1)
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


def _sighting_words(photo: Photograph) -> str:
    seen = (
        f"{reference(one.claim_id)} ({'same' if one.is_same_member else 'another'}"
        f" member, {one.bits} of {HASH_BITS} bits differ)"
        for one in photo.seen
    )
    return f"{photo.filename}: {', '.join(seen)}"


def _document_words(verdict: DocumentVerdict) -> str:
    words = f"{verdict.kind} {verdict.verdict}"
    if verdict.why is not None:
        words += f" ({verdict.why})"
    return f"{words}: {', '.join(verdict.files)}" if verdict.files else words
