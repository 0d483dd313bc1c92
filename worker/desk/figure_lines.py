"""The lead's figures as lines: title, value, the period before, how it is computed."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from worker.adapters.sheets import Cell
from worker.adapters.store.desk.figure_kinds import (
    ClauseCount,
    Day,
    Liability,
    Load,
    PeriodFigures,
    Span,
)
from worker.desk.words import money, span
from worker.domain.claim import Event
from worker.domain.counting import counted

Value = timedelta | float | Decimal | None
Better = Literal["less", "more", "neither"]
_NOTHING = "nothing to measure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that one page of figures shows."""

    span: Span
    now: PeriodFigures
    before: PeriodFigures
    clauses: list[ClauseCount]
    load: list[Load]
    days: list[Day]
    liability: Liability

    @property
    def is_empty(self) -> bool:
        """Return whether nothing at all happened in the period."""
        counts = (self.now.opened, self.now.closed, self.now.decided)
        return not any((*counts, self.now.respond.count, self.now.paid))


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureLine:
    """One figure of a period beside the one before.

    `value` is a length of time, a share of 1, or US dollars; `basis` says in words of
    how many it is taken.
    """

    key: str
    title: str
    value: Value
    before: Value
    basis: str
    how: str
    better: Better = "neither"

    @property
    def shown(self) -> str:
        """Return the value in words."""
        return shown(self.value)

    @property
    def shown_before(self) -> str:
        """Return the value of the period before in words."""
        return "none" if self.before is None else shown(self.before)

    @property
    def change(self) -> str:
        """Return how it moved: `+2 h 5 min`, `-3.5 points`; "" where it did not."""
        match self.value, self.before:
            case timedelta(), timedelta():
                return _in_time(self.value - self.before)
            case Decimal(), Decimal():
                return _in_money(self.value - self.before)
            case float(), float():
                points = round((self.value - self.before) * 100, 1)
                return f"{points:+.1f} points" if points else ""
            case _:
                return ""

    @property
    def tone(self) -> str:
        """Return `good`, `warn` or `plain` for the change."""
        if not self.change or self.better == "neither":
            return "plain"
        has_grown = self.change.startswith("+")
        return "good" if has_grown == (self.better == "more") else "warn"

    @property
    def tone_in_words(self) -> str:
        """Return the tone for who sees no colour."""
        return {"good": "better", "warn": "worse", "plain": ""}[self.tone]


def shown(value: Value) -> str:
    """Return a figure in words; a figure of nothing says so."""
    match value:
        case None:
            return _NOTHING
        case timedelta():
            return span(value)
        case Decimal():
            return money(value)
        case float():
            return f"{value * 100:.1f} %"


def lines_of(report: Report) -> list[FigureLine]:
    """Return the figures of a period, in the order of the page."""
    return [*_times(report), *_shares(report), *_payments(report)]


def _times(report: Report) -> list[FigureLine]:
    now, before = report.now, report.before
    respond = (
        "From the receipt of the mail that completed the documents to our first answer"
        " that counts (clause C10), for answers sent in the period. Automatic receipts,"
        " answers that came back, and claims without a complete set do not count."
    )
    decide = (
        "From the receipt of the claim's first mail to the first decision (approved, in"
        " part, or rejected), for decisions of the period; a decision after an appeal"
        " does not count again."
    )
    ranks = " Between two claims it is interpolated."
    answers = counted(now.respond.count, "answer")
    decisions = counted(now.decide.count, "claim")
    return [
        FigureLine(
            key="respond_median",
            title="Time to respond, median",
            value=now.respond.median,
            before=before.respond.median,
            basis=answers,
            how=f"{respond} Half of the answers took no longer.{ranks}",
            better="less",
        ),
        FigureLine(
            key="respond_p90",
            title="Time to respond, 90 %",
            value=now.respond.p90,
            before=before.respond.p90,
            basis=answers,
            how=f"{respond} Nine of ten answers took no longer.{ranks}",
            better="less",
        ),
        FigureLine(
            key="decide_median",
            title="Time to decide, median",
            value=now.decide.median,
            before=before.decide.median,
            basis=decisions,
            how=f"{decide} Half of the decisions took no longer.{ranks}",
            better="less",
        ),
        FigureLine(
            key="decide_p90",
            title="Time to decide, 90 %",
            value=now.decide.p90,
            before=before.decide.p90,
            basis=decisions,
            how=f"{decide} Nine of ten decisions took no longer.{ranks}",
            better="less",
        ),
    ]


def _shares(report: Report) -> list[FigureLine]:
    now, before = report.now, report.before
    appealable = now.decisions[Event.REJECTED] + now.decisions[Event.APPROVED_PARTIAL]
    return [
        FigureLine(
            key="sla_kept",
            title="Answered in time",
            value=now.kept,
            before=before.kept,
            basis=f"{now.answered_in_time} of {now.respond.count + now.overdue}",
            how=(
                "First answers of the period that left at or before the limit of clause"
                " C10, divided by all first answers of the period and the claims whose"
                " limit passed in it without one. A claim whose answer named a later"
                " date is held to its first limit."
            ),
            better="more",
        ),
        FigureLine(
            key="overrule_rate",
            title="Failed checks overruled",
            value=now.overrule_rate,
            before=before.overrule_rate,
            basis=f"{now.overruled} of {now.overruled + now.confirmed}",
            how=(
                "Failed checks (G1, C11, C12) that a lead set aside in the period,"
                " divided by those set aside or confirmed. A high share says that the"
                " checks or their facts are wrong."
            ),
            better="less",
        ),
        FigureLine(
            key="appeal_rate",
            title="Appeals",
            value=now.appeal_rate,
            before=before.appeal_rate,
            basis=f"{now.appeals} for {counted(appealable, 'decision')}",
            how=(
                "Appeals recorded in the period, divided by the period's rejections and"
                " partial approvals. An appeal may be about a decision of an earlier"
                " period."
            ),
            better="less",
        ),
        FigureLine(
            key="late_share",
            title="Late claims (C11)",
            value=now.late_share,
            before=before.late_share,
            basis=f"{now.late} of {now.opened} opened",
            how=(
                "Claims that failed the 24 hours of clause C11 in the period, divided"
                " by the claims opened in it, held ones included."
            ),
        ),
    ]


def _payments(report: Report) -> list[FigureLine]:
    now, before = report.now, report.before
    return [
        FigureLine(
            key="paid_usd",
            title="Paid",
            value=now.paid_usd,
            before=before.paid_usd,
            basis=counted(now.paid, "payout"),
            how=(
                "The sum of the amounts approved last before each payout that was"
                " completed in the period."
            ),
        ),
        FigureLine(
            key="paid_share",
            title="Paid of what was proposed",
            value=now.paid_share,
            before=before.paid_share,
            basis=f"of {money(now.paid_proposed_usd)}",
            how=(
                "What was paid in the period, divided by what the terms give at most"
                " for the same claims, as the newest assessment of each worked it out."
            ),
        ),
    ]


def sheet_of(report: Report) -> list[list[Cell]]:
    """Return the whole page as rows of a sheet; times in hours, shares of 1."""
    liability = report.liability
    rows: list[list[Cell]] = [
        ["Figures", report.span.since.date(), report.span.until.date(), "UTC"],
        [],
        ["Figure", "Period", "Period before", "Unit", "Of", "How it is computed"],
    ]
    rows += [
        [one.title, _raw(one.value), _raw(one.before), _unit(one), one.basis, one.how]
        for one in lines_of(report)
    ]
    rows += [
        [],
        ["Liability now", "Amount", "", "Unit", "Of"],
        ["Proposed", liability.proposed_usd, "", "USD", liability.undecided],
        ["Approved, unpaid", liability.owed_usd, "", "USD", liability.owed],
        ["Points", liability.points, "", "points"],
        [],
        ["Clause", "Approved", "In part", "Rejected"],
    ]
    for clause in report.clauses:
        numbers = (clause.approved, clause.partial, clause.rejected)
        rows.append([clause.clause, *numbers])
    rows += [[], ["Person", "Proposals", "Decisions", "Replies"]]
    for one in report.load:
        rows.append([one.name, one.proposals, one.decisions, one.replies])
    rows += [[], ["Day", "Opened", "Closed"]]
    rows += [[day.on, day.opened, day.closed] for day in report.days]
    return rows


def _in_time(change: timedelta) -> str:
    return f"{'+' if change > timedelta(0) else '-'}{span(change)}" if change else ""


def _in_money(change: Decimal) -> str:
    return f"{'+' if change > 0 else '-'}{money(abs(change))}" if change else ""


def _raw(value: Value) -> Cell:
    match value:
        case timedelta():
            return round(value.total_seconds() / 3600, 2)
        case float():
            return round(value, 4)
        case _:
            return value


def _unit(line: FigureLine) -> str:
    for value in (line.value, line.before):
        match value:
            case timedelta():
                return "hours"
            case Decimal():
                return "USD"
            case float():
                return "share"
            case None:
                continue
    return ""
