"""How the pages say instants, spans, money and codes: in words, always with a zone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, available_timezones

from worker.domain.claim import reference

_DAY_S, _HOUR_S, _MINUTE_S = 86_400, 3600, 60
_SOON = timedelta(hours=48)
_VERY_SOON = timedelta(hours=24)
ZONES = sorted(
    name
    for name in available_timezones()
    if name == "UTC" or ("/" in name and not name.startswith(("Etc/", "SystemV/")))
)
"""The zones that a person may read times in (IANA names)."""


def instant(at: datetime | None, zone: ZoneInfo) -> str:
    """Return an instant with its zone: `22 Nov 2026, 08:15 CET`; a dash for None."""
    if at is None:
        return "–"
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y, %H:%M} {zone_name(local)}"


def short_instant(at: datetime | None, zone: ZoneInfo, *, now: datetime) -> str:
    """Return an instant without what today makes plain: `08:15 CET`."""
    if at is None:
        return "–"
    local, today = at.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M} {zone_name(local)}"
    if local.year == today.year:
        return f"{local.day} {local:%b %H:%M} {zone_name(local)}"
    return instant(at, zone)


def zone_name(local: datetime) -> str:
    """Return `CET`, or `UTC+05:30` where a zone has no letters of its own."""
    name = local.tzname() or "UTC"
    return f"UTC{name}" if name[:1] in "+-" else name


def machine_instant(at: datetime) -> str:
    """Return an instant for a `datetime` attribute: ISO 8601 in UTC."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def span(length: timedelta) -> str:
    """Return a length in its two largest units: `2 d 4 h`, `3 h 20 min`, `12 s`."""
    seconds = int(abs(length).total_seconds())
    if seconds >= _DAY_S:
        days, rest = divmod(seconds, _DAY_S)
        hours = rest // _HOUR_S
        return f"{days} d {hours} h" if hours else f"{days} d"
    if seconds >= _HOUR_S:
        hours, rest = divmod(seconds, _HOUR_S)
        minutes = rest // _MINUTE_S
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if seconds >= _MINUTE_S:
        return f"{seconds // _MINUTE_S} min"
    return f"{seconds} s"


def ago(at: datetime | None, now: datetime) -> str:
    """Return how long ago an instant was: `3 h 20 min ago`; `never` for None."""
    return "never" if at is None else f"{span(now - at)} ago"


def countdown(until: datetime, now: datetime) -> str:
    """Return what is left in words: `3 h 20 min left`, `2 d 4 h overdue`."""
    left = until - now
    return f"{span(left)} left" if left >= timedelta(0) else f"{span(left)} overdue"


def urgency(until: datetime | None, now: datetime) -> str:
    """Return the colour of a date: none, calm, soon (48 h), urgent (24 h) or late."""
    if until is None:
        return "none"
    left = until - now
    if left < timedelta(0):
        return "late"
    if left <= _VERY_SOON:
        return "urgent"
    return "soon" if left <= _SOON else "calm"


def money(amount: Decimal | None) -> str:
    """Return an amount of the claims, which are all in US dollars: `1,234.50 USD`."""
    return "–" if amount is None else f"{amount:,.2f} USD"


def plain(code: object) -> str:
    """Return a code as words: `awaiting_documents` is `awaiting documents`."""
    return str(code).replace("_", " ").replace(".", " ")


def bytes_of(size: int) -> str:
    """Return a file's size: `830 B`, `12 kB`, `3.4 MB`."""
    if size < 1000:  # noqa: PLR2004 - SI units
        return f"{size} B"
    if size < 1_000_000:  # noqa: PLR2004
        return f"{size / 1000:.0f} kB"
    return f"{size / 1_000_000:.1f} MB"


def claim_ref(claim_id: int) -> str:
    """Return a claim's number as people write it."""
    return reference(claim_id)


def milliseconds(length: float | None) -> str:
    """Return how long something took: `35 ms`, `1.2 s`, `4 min`; a dash for None."""
    if length is None:
        return "–"
    if length < 1000:  # noqa: PLR2004 - a second
        return f"{length:.0f} ms"
    if length < 10_000:  # noqa: PLR2004
        return f"{length / 1000:.1f} s"
    return span(timedelta(milliseconds=length))


def count(number: int, most: int = 10_000) -> str:
    """Return a number of things; one that counting stopped at says so: `10,000+`."""
    return f"{most:,}+" if number >= most else f"{number:,}"
