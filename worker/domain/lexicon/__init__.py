"""The word lists: what members write about, in some thirty languages.

`terms` tells how a list is written; the other modules are the lists, by what is asked
of them. Texts and lists are compared folded.
"""

from worker.domain.lexicon.damage import DAMAGE
from worker.domain.lexicon.files import (
    CONTENTS,
    GOODS,
    INVOICE,
    INVOICE_NAME,
    NO_INVOICE,
    NOTIFICATION,
    OFFERED,
    ORDER,
    PACKAGING,
    PHOTOGRAPHS,
    SCREENSHOTS,
    WAYBILL,
)
from worker.domain.lexicon.lines import CHARGES, OFFER, TOTAL
from worker.domain.lexicon.losses import (
    ARRIVED,
    CAME,
    INCOMPLETE,
    INTACT,
    LOST,
    MISSING,
    NEVER,
    NOT,
)
from worker.domain.lexicon.terms import Terms, fold, spread
from worker.domain.lexicon.things import (
    CLAIM,
    INSIDE,
    ITEM,
    OUT_OF,
    PAPER,
    PARCEL,
    SOME,
    UNSURE,
    WEB,
    WITHDRAW,
)

__all__ = [
    "ARRIVED",
    "CAME",
    "CHARGES",
    "CLAIM",
    "CONTENTS",
    "DAMAGE",
    "GOODS",
    "INCOMPLETE",
    "INSIDE",
    "INTACT",
    "INVOICE",
    "INVOICE_NAME",
    "ITEM",
    "LOST",
    "MISSING",
    "NEVER",
    "NOT",
    "NOTIFICATION",
    "NO_INVOICE",
    "OFFER",
    "OFFERED",
    "ORDER",
    "OUT_OF",
    "PACKAGING",
    "PAPER",
    "PARCEL",
    "PHOTOGRAPHS",
    "SCREENSHOTS",
    "SOME",
    "TOTAL",
    "UNSURE",
    "WAYBILL",
    "WEB",
    "WITHDRAW",
    "Terms",
    "fold",
    "spread",
]
