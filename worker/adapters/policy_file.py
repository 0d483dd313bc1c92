"""The policy switches in a TOML file, as CLAIMS_POLICY names it.

Each key is a switch of `domain.policy.Policy`; what is absent keeps its default.
Lengths of time are written with their unit, as "168 hours" or "7 days".

    damage_cap_mode = "lower"
    cap_includes_shipping = false
    respond_within = "5 days"
"""

import hashlib
import json
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
from worker.domain.policy import SWITCHES, Lifetime, Policy, RespondCount, Switch

MOST_VERSION = 40
"""What the record holds of a version."""
_LENGTH = re.compile(r"(\d{1,5}) ?(hour|day)s?", re.ASCII)
_LIFE = re.compile(r"([1-9]\d{0,2}) ?(day|month)s?", re.ASCII)


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
    faults = [f"CLAIMS_POLICY: {fault}" for fault in _disagreements(policy)]
    if faults:
        raise SettingsInvalid(faults)
    return policy


def write_policy(policy: Policy) -> str:
    """Return a policy as TOML that `parse_policy` reads back, each switch explained.

    A version that is only made of the switches is left out, so that who changes one
    gets another version.
    """
    values = {name: getattr(policy, name) for name in SWITCHES}
    made = policy.version == _version_of(values)
    note = "made of the switches; set one of your own to name this policy"
    lines = [f"{'# ' if made else ''}version = {_quoted(policy.version)}"]
    lines += [f"# ({note})"] if made else []
    for name, switch in SWITCHES.items():
        words = f"{switch.decides}{_allowed(name, switch)}"
        lines += ["", f"# {switch.clauses}: {words}"]
        lines += [] if switch.is_acted_on else ["# (not acted on yet)"]
        shown = f"{name} = {_written(values[name])}"
        lines.append(f"# {name} is not set" if values[name] is None else shown)
    return "\n".join(lines) + "\n"


def _disagreements(policy: Policy) -> list[str]:
    """Return what is wrong with switches that are right each by itself."""
    found = []
    if policy.documents_reminder >= policy.documents_due:
        found.append("documents_reminder: not shorter than documents_due")
    by_days = policy.respond_count is RespondCount.CALENDAR_DAYS
    if by_days and policy.respond_within % timedelta(days=1):
        found.append("respond_within: respond_count calendar_days takes whole days")
    default = Policy()
    if policy.version == default.version and policy != default:
        message = f"version: {default.version} are the defaults; name another or none"
        found.append(message)
    return found


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
    read = reader(value)
    switch = SWITCHES.get(name)
    if switch is not None and not _is_within(switch, read):
        raise _Fault(f"expected {_range_words(switch, read)}")
    return read


def _is_within(switch: Switch, value: Any) -> bool:  # noqa: ANN401 - of any switch
    if switch.least is None or switch.most is None:
        return True
    number = value / timedelta(hours=1) if isinstance(value, timedelta) else value
    return bool(switch.least <= number <= switch.most)


def _range_words(switch: Switch, value: object) -> str:
    unit = " hours" if isinstance(value, timedelta) else ""
    return f"at least {switch.least} and at most {switch.most}{unit}"


def _allowed(name: str, switch: Switch) -> str:
    kind = type(getattr(Policy(), name))
    if issubclass(kind, StrEnum):
        return f" ({' | '.join(kind)})"
    if kind is Lifetime:
        return " (days, months or never)"
    if switch.least is None:
        return ""
    unit = " hours" if kind is timedelta else ""
    return f" ({switch.least} to {switch.most}{unit})"


def _written(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case timedelta():
            hours = value // timedelta(hours=1)
            return f'"{hours} hour{"" if hours == 1 else "s"}"'
        case str() | Lifetime():
            return _quoted(str(value))
        case _:
            return str(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _version(value: object) -> str:
    version = _text(value)
    if len(version) > MOST_VERSION or not version.isprintable():
        message = f"expected at most {MOST_VERSION} characters on one line"
        raise _Fault(message)
    return version


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
    if match is None:
        message = 'expected a length such as "168 hours" or "7 days"'
        raise _Fault(message)
    count = int(match[1])
    return timedelta(hours=count) if match[2] == "hour" else timedelta(days=count)


def _lifetime(value: object) -> Lifetime:
    text = value.strip().lower() if isinstance(value, str) else ""
    if text == "never":
        return Lifetime()
    match = _LIFE.fullmatch(text)
    if match is None:
        raise _Fault('expected a lifetime such as "7 days", "3 months" or "never"')
    count = int(match[1])
    return Lifetime(days=count) if match[2] == "day" else Lifetime(months=count)


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


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        message = "expected a whole number, such as 100"
        raise _Fault(message)
    return value


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
    Lifetime: _lifetime,
    Decimal: _number,
    int: _count,
    int | None: _count,
}
_READERS: dict[str, Callable[[object], object]] = {
    field.name: _reader(field.type) for field in fields(Policy)
} | {"policy_tz": _zone, "version": _version}
"""One reader for each switch, by the type that Policy gives it."""
