"""Joining: which claim of an order a party's mail belongs to."""

from collections.abc import Iterator

from worker.domain.claim import Claim, ClaimState, ClaimType
from worker.domain.identity import Sender, SenderTier


def claim_to_join(
    fresh: Claim, claims: list[Claim], thread: Claim | None, sender: Sender
) -> Claim | None:
    """Return the claim that a party's mail belongs to, or None for a new one.

    A held claim is released only where no other is open for its package, which has
    one at most: a member who answers our notice joins the claim that is their own.
    """
    if thread is not None and thread.order_number != fresh.order_number:
        thread = None
    if thread is not None and thread.state is not ClaimState.IDENTITY_HOLD:
        return thread
    package_id = fresh.package_id
    if thread is not None and thread.package_id is not None:
        package_id = thread.package_id
    same = [
        claim
        for claim in claims
        if claim.is_open
        and (package_id is None or claim.package_id in {package_id, None})
    ]
    for claim in same:
        if claim.state is not ClaimState.IDENTITY_HOLD:
            return claim
    if sender.tier is not SenderTier.A:
        return None
    return thread or next(iter(same), None)


def closed_claims(fresh: Claim, claims: list[Claim]) -> Iterator[Claim]:
    """Yield the closed claims for the package of a new one, newest first."""
    return (
        claim
        for claim in claims
        if not claim.is_open
        and claim.package_id == fresh.package_id
        and claim.state is not ClaimState.NOT_A_CLAIM
    )


def better_type(known: ClaimType, said: ClaimType) -> ClaimType:
    """Return the type that is known already, else what a newer mail says."""
    return said if known is ClaimType.UNKNOWN else known
