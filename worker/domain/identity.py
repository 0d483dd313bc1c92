"""Who sent a mail, and how sure we are: tiers A, B and C.

What our own server or an own check proves is `authentication.py`'s to say. Source:
DESIGN section 4; reliability.md section 4.1.
"""

from dataclasses import dataclass
from enum import StrEnum

from worker.domain.authentication import Authentication, Trust, authenticate
from worker.domain.mail import Mail
from worker.domain.orders import Member


class SenderTier(StrEnum):
    """How sure we are of the sender. Source: DESIGN section 4."""

    A = "A"
    """On file for the member and authenticated by our own server."""
    B = "B"
    """On file, not authenticated."""
    C = "C"
    """Not on file, or our own server says that the sender is forged."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of one mail, judged against one member (or against nobody)."""

    tier: SenderTier
    address: str | None
    """The one From address, lower case; None when there is not exactly one."""
    authentication: Authentication
    is_on_file: bool

    @property
    def may_be_answered(self) -> bool:
        """Return whether an automatic mail may go to the From address at all.

        Neither authenticated nor on file gets nothing (no backscatter), and a forged
        sender gets nothing either. Source: DESIGN section 4.
        """
        return (
            self.address is not None
            and self.authentication is not Authentication.FAIL
            and (self.is_on_file or self.authentication is Authentication.PASS)
        )


def judge_sender(mail: Mail, member: Member | None, trust: Trust) -> Sender:
    """Return how sure we are that `member` wrote this mail.

    A forged sender (our header says fail) is tier C even when on file. A mail with no
    or several From addresses, or one that two parsers read differently, has no sender:
    tier C, unproven, not on file, never answered.

    Args:
        mail: what the reader made of the mail.
        member: whom the mail is about; None when nobody could be confirmed.
        trust: which servers are ours.

    Source: DESIGN section 4 (Sender).
    """
    address = mail.from_address if mail.is_from_clear else None
    if address is None:
        return Sender(SenderTier.C, None, Authentication.NONE, is_on_file=False)
    authentication = authenticate(mail, address.rpartition("@")[2], trust)
    is_on_file = member is not None and address.lower() in member.addresses
    tier = _tier(authentication, is_on_file=is_on_file)
    return Sender(tier, address, authentication, is_on_file)


def _tier(authentication: Authentication, *, is_on_file: bool) -> SenderTier:
    if not is_on_file:
        return SenderTier.C
    match authentication:
        case Authentication.PASS:
            return SenderTier.A
        case Authentication.NONE:
            return SenderTier.B
        case Authentication.FAIL:
            return SenderTier.C
