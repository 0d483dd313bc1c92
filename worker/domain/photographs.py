"""Photographs of a claim: when each was taken, and whether it was seen before.

Both are for the reviewer's eye alone. A camera's clock may be wrong and two parcels
may look alike, so nothing here rejects a claim or asks the member again.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from worker.domain.deadlines import utc
from worker.domain.orders import When

HASH_BITS = 128
PARTS = 8
NEAR = 10
"""Bits that may differ. Source: measured on drawn photographs: of copies at half the
size or at JPEG quality 25, 53 of 64 differ by at most so many, cropped by a fiftieth
about half; of 496 pairs of different ones none by fewer than 14."""
ZONES = timedelta(hours=14), timedelta(hours=-12)
"""The clocks furthest ahead of and behind UTC. Source: IANA time zones."""

_PART_BITS = HASH_BITS // PARTS
_TAKEN = re.compile(
    r"(\d{4})[:/-](\d\d)[:/-](\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?"
    r"(?:([+-])(\d\d):(\d\d))?"
)


@dataclass(frozen=True, slots=True)
class Sighting:
    """An earlier claim's photograph that nearly is this one; `bits` differ."""

    claim_id: int
    bits: int
    is_same_member: bool


@dataclass(frozen=True, slots=True)
class Photograph:
    """One photograph of a claim; `path` is its place in the mail."""

    mail_id: int
    path: str
    filename: str
    taken_at: str | None = None
    seen: tuple[Sighting, ...] = ()


def distance(one: str, other: str) -> int:
    """Return how many bits of two hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def keys(phash: str) -> tuple[int, ...]:
    """Return the hash in eight parts, each with its place, to be looked up exactly.

    Hashes that differ in up to seven bits have one of the eight in common. A part
    without any edge is left out, since too many share it; a flat picture has fewer
    parts, so a near copy of one may be missed.
    """
    number = int(phash, 16)
    ones = (1 << _PART_BITS) - 1
    parts = [(place, number >> (place * _PART_BITS) & ones) for place in range(PARTS)]
    return tuple(place << _PART_BITS | part for place, part in parts if part % ones)


def taken_between(text: str) -> tuple[datetime, datetime] | None:
    """Return the first and the last instant that a camera's time may mean.

    Without an offset its zone is unknown: "2026:11:18 16:02:11" is anything from
    02:02:11Z that day to 04:02:11Z the next. None where it says no time.
    """
    match = _TAKEN.match(text)
    if match is None:
        return None
    *numbers, sign, hours, minutes = match.groups(default="0")
    try:
        naive = datetime(*map(int, numbers), tzinfo=UTC)  # type: ignore[misc, arg-type]
        if sign == "0":
            return naive - ZONES[0], naive - ZONES[1]
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        zone = timezone(-offset if sign == "-" else offset)
        at = utc(naive.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        return None
    return at, at


def is_older(taken_at: str, delivered: When) -> bool:
    """Return whether a photograph was certainly taken before the delivery.

    Compares its last possible instant with the first one of the delivery, in favour
    of the member.
    """
    taken = taken_between(taken_at)
    return taken is not None and taken[1] < utc(delivered.earliest_at)
