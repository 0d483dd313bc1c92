"""What a sender of each tier may be told, for every e-mail in one table."""

from enum import StrEnum

from worker.domain.identity import SenderTier


class Topic(StrEnum):
    """One sort of fact that an e-mail may hold."""

    OWN_MAIL = "own_mail"
    """When the very mail that is answered reached us, and which part of it lacks."""
    IDS = "ids"
    """Member id, order number and claim number."""
    RECEIPT = "receipt"
    """That and when we received a claim, and our own deadlines."""
    DOCUMENTS = "documents"
    """Which documents are there, and what is wrong with the others."""
    NAME = "name"
    """The member's name on file."""
    ORDER = "order"
    """What the order directory knows: packages, times, guarantee, kind of claim."""
    AMOUNTS = "amounts"
    """Money and points."""


WHAT_WE_MAY_SAY: dict[SenderTier, frozenset[Topic]] = {
    SenderTier.A: frozenset(Topic),
    SenderTier.B: frozenset(
        {Topic.OWN_MAIL, Topic.IDS, Topic.RECEIPT, Topic.DOCUMENTS}
    ),
    SenderTier.C: frozenset({Topic.OWN_MAIL}),
}
"""Which facts a sender of each tier may be told. Source: DESIGN section 4 (Sender).

A mail that a person decided and released goes to an address on file and tells all.
"""
BY_A_PERSON = SenderTier.A
ON_FILE = SenderTier.B
