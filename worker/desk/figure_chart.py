"""Line charts as SVG, drawn by the server: points and labels, no script."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.adapters.store.desk.figure_kinds import Day

WIDTH, HEIGHT = 760, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 30, 12, 28
_MOST_DATES = 8


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place of the drawing."""

    text: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Two lines over the days of a period, in the units of the drawing."""

    opened: str
    """Points of a polyline."""
    closed: str
    rows: tuple[Label, ...]
    columns: tuple[Label, ...]
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    bottom: int = HEIGHT - _BOTTOM
    width: int = WIDTH
    height: int = HEIGHT


def line_chart(days: Sequence[Day]) -> Chart:
    """Return the chart of claims opened and closed; days are one at least."""
    top = _round_up(max((max(day.opened, day.closed) for day in days), default=0))
    across = _places(len(days))

    def up(number: int) -> float:
        height = HEIGHT - _TOP - _BOTTOM
        return round(HEIGHT - _BOTTOM - height * number / top, 1)

    def line(numbers: Sequence[int]) -> str:
        return " ".join(
            f"{x},{up(number)}" for x, number in zip(across, numbers, strict=True)
        )

    every = -(-len(days) // _MOST_DATES)
    return Chart(
        opened=line([day.opened for day in days]),
        closed=line([day.closed for day in days]),
        rows=tuple(Label(f"{part}", up(part)) for part in sorted({0, top // 2, top})),
        columns=tuple(
            Label(f"{days[number].on.day} {days[number].on:%b}", across[number])
            for number in range(0, len(days), every)
        ),
    )


def _places(count: int) -> list[float]:
    width = WIDTH - _LEFT - _RIGHT
    if count == 1:
        return [_LEFT + width / 2]
    return [round(_LEFT + width * n / (count - 1), 1) for n in range(count)]


def _round_up(number: int) -> int:
    """Return an even round number that is not smaller: 7 gives 8, 43 gives 60."""
    scale = 1
    while number > 10 * scale:
        scale *= 10
    return next(step * scale for step in (2, 4, 6, 8, 10) if number <= step * scale)
