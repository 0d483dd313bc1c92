"""Small charts as numbers for SVG: no library, no script, no style attribute."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 300, 64
"""Of a chart, in units of its own; the page scales it."""
GAP = 0.2
"""Share of a slot that stays empty between bars."""
LEAST = 1.5
"""What is not zero is seen."""
SHORTEST_MS, LONGEST_MS = 1.0, 600_000.0
"""Ends of the scale of run times, which is logarithmic."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of a chart: what it shows as a class of the stylesheet."""

    shows: str
    x: float
    y: float
    width: float
    height: float
    title: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """What happened in one span of a chart."""

    name: str
    added: int = 0
    done: int = 0
    failed: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None


def throughput(slots: Sequence[Slot]) -> tuple[tuple[Box, ...], int]:
    """Return bars of what ended, a tick for what came, and the highest number."""
    top = max((max(s.added, s.done + s.failed) for s in slots), default=0)
    boxes: list[Box] = []
    wide = WIDTH / max(len(slots), 1)
    for at, slot in enumerate(slots):
        x, width = _column(at, wide)
        title = f"{slot.name}: {slot.added} in, {slot.done} done, {slot.failed} failed"
        done, failed = (_share(n, top) for n in (slot.done, slot.failed))
        boxes.append(Box("slot", at * wide, 0, wide, HEIGHT, title))
        if slot.done:
            boxes.append(Box("done", x, HEIGHT - done, width, done))
        if slot.failed:
            y = max(0.0, HEIGHT - done - failed)
            boxes.append(Box("failed", x, y, width, failed))
        if slot.added:
            y = HEIGHT - _share(slot.added, top)
            boxes.append(Box("added", x, y, width, 2))
    return tuple(map(_rounded, boxes)), top


def run_times(slots: Sequence[Slot]) -> tuple[Box, ...]:
    """Return a bar from the median to the 95th percentile of each span, logarithmic."""
    boxes: list[Box] = []
    wide = WIDTH / max(len(slots), 1)
    for at, slot in enumerate(slots):
        if slot.p50_ms is None or slot.p95_ms is None:
            continue
        x, width = _column(at, wide)
        low, high = _height(slot.p50_ms), _height(slot.p95_ms)
        boxes.append(Box("range", x, HEIGHT - high, width, max(high - low, LEAST)))
        boxes.append(Box("median", x, HEIGHT - low - 1, width, 2))
    return tuple(map(_rounded, boxes))


def _column(at: int, wide: float) -> tuple[float, float]:
    return at * wide + wide * GAP / 2, wide * (1 - GAP)


def _share(number: int, top: int) -> float:
    return max(LEAST, HEIGHT * number / top) if number else 0.0


def _height(length_ms: float) -> float:
    within = min(max(length_ms, SHORTEST_MS), LONGEST_MS)
    whole = math.log10(LONGEST_MS / SHORTEST_MS)
    return (HEIGHT - 2) * math.log10(within / SHORTEST_MS) / whole + 1


def _rounded(box: Box) -> Box:
    x, y, width, height = (
        round(one, 2) for one in (box.x, box.y, box.width, box.height)
    )
    return Box(box.shows, x, y, width, height, box.title)
