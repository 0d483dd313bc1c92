"""The file of CLAIMS_RETENTION: a class of data a line, and how long it is kept.

claims = "7 years"
other_mails = "180 days"
actions = "keep"
"""

import re
import tomllib
from datetime import timedelta
from pathlib import Path

from worker.domain.errors import SettingsInvalid
from worker.domain.retention import DEFAULTS, SHORTEST, DataClass, Retention

_LENGTH = re.compile(r"([1-9]\d{0,4}) (day|month|year)s?")
_DAYS = {"day": 1, "month": 31, "year": 366}
"""In doubt a little longer."""


def read_retention(path: Path | None) -> Retention:
    """Return how long things are kept; without a file, all but sessions for ever.

    Raises:
        SettingsInvalid: names every fault of the file.
    """
    if path is None:
        return Retention()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise SettingsInvalid([f"CLAIMS_RETENTION: {path} cannot be read"]) from None
    kept, faults = dict(DEFAULTS), []
    for name, value in found.items():
        try:
            what = DataClass(name)
        except ValueError:
            known = ", ".join(DataClass)
            faults.append(f"CLAIMS_RETENTION: {name} is none of {known}")
            continue
        try:
            kept[what] = _length(what, value)
        except ValueError as error:
            faults.append(f"CLAIMS_RETENTION: {name}: {error}")
    if faults:
        raise SettingsInvalid(faults)
    return Retention(kept)


def _length(what: DataClass, value: object) -> timedelta | None:
    if value == "keep":
        return None
    found = _LENGTH.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        message = 'expected "keep", or a length such as "180 days" or "7 years"'
        raise ValueError(message)
    length = timedelta(days=int(found[1]) * _DAYS[found[2]])
    shortest = SHORTEST.get(what)
    if shortest is not None and length < shortest:
        message = f"is kept for {shortest.days} days at least"
        raise ValueError(message)
    return length
