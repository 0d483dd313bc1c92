"""A parcel's label, which members send as the invoice: it shows a way, and no value."""

import re

from worker.domain import lexicon, wording
from worker.domain.lexicon import fold, spread
from worker.domain.orders import Order
from worker.domain.papers import READ_CHARACTERS, TextReading

_SIGNS_WANTED = 2
_BETWEEN = re.compile(r"[\W_]+")


def is_waybill(text: str, reading: TextReading, order: Order) -> bool:
    """Return whether a paper is the label of a parcel, or a waybill.

    Two signs at least are wanted: different words of a label, or the tracking number
    of a package. A text that calls itself an invoice or a notification, or that has
    any sum, is none: where it may be the right paper, a reviewer looks.

    Source: clause C7 (proof of purchase shows contents and value).
    """
    text = text[:READ_CHARACTERS]
    if reading.amounts or wording.names_invoice(text):
        return False
    if wording.names_notification(text):
        return False
    words = {found.group() for found in lexicon.WAYBILL.finditer(spread(text))}
    return len(words) + _names_a_package(text, order) >= _SIGNS_WANTED


def _names_a_package(text: str, order: Order) -> bool:
    joined = _BETWEEN.sub("", fold(text))
    numbers = (
        _BETWEEN.sub("", fold(package.tracking_number or ""))
        for package in order.packages
    )
    return any(number and number in joined for number in numbers)
