"""The policy switches in a TOML file, as CLAIMS_POLICY names it.

Each key is a switch of `domain.policy.Policy`; what is absent keeps its default.
Lengths of time are written with their unit, as "168 hours" or "7 days".

    damage_cap_mode = "lower"
    cap_includes_shipping = false
    respond_within = "5 days"
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from worker.domain.errors import SettingsInvalid
from worker.domain.policy import Policy

_LENGTH = re.compile(r"(\d{1,5}) ?(hour|day)s?", re.ASCII)


class _Fault(Exception):
    """One value is not what its switch takes; the text says what it takes."""


def read_policy(path: Path | None) -> Policy:
    """Return the policy that a file describes; the default policy without a file.

    Raises:
        SettingsInvalid: the file cannot be read, or as `parse_policy` says.
    """
    if path is None:
        return Policy()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        fault = f"CLAIMS_POLICY: {path} cannot be read: {why}"
        raise SettingsInvalid([fault]) from error
    return parse_policy(text)


def parse_policy(text: str) -> Policy:
    """Return the policy that a text describes.

    Without a `version` of its own, changed switches give the default version a
    suffix made of them, so that two policies never share a version by accident.

    Raises:
        SettingsInvalid: it is no TOML, or a switch is unknown or has a wrong value;
            all faults are named together.

    Source: clauses.md section 0b.
    """
    try:
        written = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalid([f"CLAIMS_POLICY: no TOML: {error}"]) from error
    values: dict[str, Any] = {}
    faults: list[str] = []
    for name, value in written.items():
        try:
            values[name] = _read(name, value)
        except _Fault as fault:
            faults.append(f"CLAIMS_POLICY: {name}: {fault}")
    if faults:
        raise SettingsInvalid(faults)
    policy = Policy(**{"version": _version_of(values), **values})
    if policy.documents_reminder >= policy.documents_due:
        message = "CLAIMS_POLICY: documents_reminder: not shorter than documents_due"
        raise SettingsInvalid([message])
    return policy


def _version_of(values: Mapping[str, object]) -> str:
    default = Policy()
    changed = {
        name: value for name, value in values.items() if value != getattr(default, name)
    }
    if not changed:
        return default.version
    canonical = "\n".join(f"{name}={changed[name]}" for name in sorted(changed))
    return f"{default.version}+{hashlib.sha256(canonical.encode()).hexdigest()[:8]}"


def _read(name: str, value: object) -> object:
    reader = _READERS.get(name)
    if reader is None:
        close = get_close_matches(name, _READERS, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        message = f"there is no such switch{hint}"
        raise _Fault(message)
    return reader(value)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        message = "expected a text"
        raise _Fault(message)
    return value.strip()


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        message = "expected true or false"
        raise _Fault(message)
    return value


def _length(value: object) -> timedelta:
    match = _LENGTH.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        message = 'expected a length such as "168 hours" or "7 days"'
        raise _Fault(message)
    count = int(match[1])
    return timedelta(hours=count) if match[2] == "hour" else timedelta(days=count)


def _number(value: object) -> Decimal:
    message = "expected a number that is not negative, such as 500 or 7.5"
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise _Fault(message)
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise _Fault(message) from error
    if not number.is_finite() or number < 0:
        raise _Fault(message)
    return number


def _zone(value: object) -> str:
    name = _text(value)
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        message = "expected a time zone such as Europe/Berlin"
        raise _Fault(message) from error
    return name


def _choice(choices: type[StrEnum], value: object) -> StrEnum:
    """Return the member that a text names; "720 hours" is 720_hours."""
    allowed = [member.value for member in choices]
    word = value.strip().lower().replace(" ", "_") if isinstance(value, str) else ""
    if word not in allowed:
        message = f"expected one of {', '.join(allowed)}"
        raise _Fault(message)
    return choices(word)


def _reader(kind: object) -> Callable[[object], object]:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return partial(_choice, kind)
    return _PLAIN_READERS[kind]


_PLAIN_READERS: dict[object, Callable[[object], object]] = {
    str: _text,
    bool: _flag,
    timedelta: _length,
    Decimal: _number,
}
_READERS: dict[str, Callable[[object], object]] = {
    field.name: _reader(field.type) for field in fields(Policy)
} | {"policy_tz": _zone}
"""One reader for each switch, by the type that Policy gives it."""
