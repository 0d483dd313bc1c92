"""Why something was not done, in words of the desk: buttons and pages, not commands."""

import re

from worker.desk.deed_table import DEEDS
from worker.desk.words import plain

_SEE = re.compile(r": see `claims [^`]*`")
"""Where to look on a terminal; at the desk the page that refuses is the place."""
_COMMAND = re.compile(r"`claims ([a-z-]+)[^`]*`")
_OPTION = re.compile(r"--([a-z]+)")
_FIELDS = {
    "reason": "your words",
    "text": "your words",
    "amount": "the amount",
    "clause": "the clause",
}
_BUTTONS = {deed.key: deed.title for deed in DEEDS} | {
    "approve": "Approve",
    "reject": "Reject",
    "propose": "Propose",
}


def at_desk(error: Exception | str) -> str:
    """Return an error's text as the desk says it, without capital and full stop."""
    text = _COMMAND.sub(
        lambda m: f"“{_BUTTONS.get(m[1], plain(m[1]))}”", _SEE.sub("", str(error))
    )
    return _OPTION.sub(lambda m: _FIELDS.get(m[1], f"the field “{m[1]}”"), text)


def sentence(error: Exception | str) -> str:
    """Return an error's text as a sentence of the desk."""
    text = at_desk(error).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
