"""How long runs of jobs took, counted by buckets so that many make one small row."""

from bisect import bisect_left
from collections.abc import Mapping

BOUNDS_MS = (
    *(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000),
    *(10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 86_400_000),
)
"""Upper ends of the buckets: about two to an octave where jobs are, wider beyond. The
last one takes all that is longer. Our choice."""


def bucket(length_ms: float) -> str:
    """Return the bucket of a length: its upper end in milliseconds, as a key of JSON.

    A bucket includes its upper end: 100 ms belongs to `100`, 100.5 ms to `200`.
    """
    at = bisect_left(BOUNDS_MS, length_ms)
    return str(BOUNDS_MS[min(at, len(BOUNDS_MS) - 1)])


def quantile_ms(counts: Mapping[str, int], share: float) -> float | None:
    """Return the length that `share` of the runs did not exceed; None without runs.

    Within a bucket the runs count as spread evenly, so 10 runs in the bucket `100`
    (50 to 100 ms) have their median at 75 ms.
    """
    total = sum(counts.values())
    if not total:
        return None
    left = share * total
    lower = 0
    for upper in BOUNDS_MS:
        count = counts.get(str(upper), 0)
        if count and left <= count:
            return lower + (upper - lower) * left / count
        left -= count
        lower = upper
    return float(BOUNDS_MS[-1])
