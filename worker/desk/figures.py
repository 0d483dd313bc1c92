"""`/figures`: how the team does, for whoever leads it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from worker.adapters.sheets import CSV_TYPE, XLSX_TYPE, csv_file, xlsx_file
from worker.adapters.store.desk.figure_kinds import Span
from worker.desk.figure_chart import line_chart
from worker.desk.figure_lines import Report, lines_of, sheet_of
from worker.desk.guard import Visit, needs
from worker.desk.pages import of_one_moment, page
from worker.domain.clauses import CLAUSES
from worker.domain.staff import Right

router = APIRouter()
Leads = Annotated[Visit, needs(Right.SEE_FIGURES)]
CHOICES = (7, 30, 90)
LONGEST = 366
DEFAULT = 30
Typed = Annotated[str, Query(max_length=20)]
From = Annotated[str, Query(alias="from", max_length=20)]


@router.get("/figures")
@of_one_moment
def figures(
    visit: Leads, days: Typed = "", since: From = "", to: Typed = ""
) -> Response:
    """Show the figures of a period beside those of the period before."""
    today = visit.parts.clock.now().date()
    chosen, say = _chosen(days, since, to, today)
    report = _report(visit, chosen)
    return page(
        visit,
        "figures.html",
        status=422 if say else 200,
        say=say,
        report=report,
        lines=lines_of(report),
        chart=line_chart(report.days),
        choices=CHOICES,
        length=len(report.days),
        is_latest=chosen.until.date() > today,
        first=chosen.since.date(),
        last=_last(chosen),
        before=(chosen.before.since.date(), _last(chosen.before)),
        day=_in_words,
        clauses=CLAUSES,
        typed=(since or str(chosen.since.date()), to or str(_last(chosen))),
    )


@router.get("/figures/export.{kind}")
def export(
    visit: Leads, kind: str, days: Typed = "", since: From = "", to: Typed = ""
) -> Response:
    """Give the same figures as a file: `csv` or `xlsx`."""
    today = visit.parts.clock.now().date()
    chosen, say = _chosen(days, since, to, today)
    if say or kind not in {"csv", "xlsx"}:
        say = say or "There is no such file."
        return Response(say, 422 if kind in {"csv", "xlsx"} else 404)
    header, *rows = sheet_of(_report(visit, chosen))
    is_csv = kind == "csv"
    name = f"figures-{chosen.since.date()}-{_last(chosen)}.{kind}"
    return StreamingResponse(
        csv_file(header, rows) if is_csv else xlsx_file("Figures", header, rows),
        media_type=CSV_TYPE if is_csv else XLSX_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _report(visit: Visit, span: Span) -> Report:
    read = visit.parts.desk.figures
    now, limit = visit.parts.clock.now(), visit.parts.policy.respond_within
    return Report(
        span=span,
        now=read.of(span, now=now, respond_within=limit),
        before=read.of(span.before, now=now, respond_within=limit),
        clauses=read.clauses(span),
        load=read.load(span),
        days=read.days(span),
        liability=read.liability(),
    )


def _chosen(days: str, since: str, to: str, today: date) -> tuple[Span, str]:
    """Return the period that was asked for, and what was wrong with the question."""
    if since or to:
        try:
            first, last = date.fromisoformat(since), date.fromisoformat(to)
        except ValueError:
            return _latest(DEFAULT, today), "Give both days, such as 2026-11-01."
        say = _why_not(first, last, today)
        return (_latest(DEFAULT, today) if say else _days(first, last)), say
    if days and days not in {str(one) for one in CHOICES}:
        return _latest(DEFAULT, today), "Choose 7, 30 or 90 days."
    return _latest(int(days or DEFAULT), today), ""


def _why_not(first: date, last: date, today: date) -> str:
    if last < first:
        return "The last day is before the first."
    if (last - first).days >= LONGEST:
        return f"Choose {LONGEST} days at most."
    if first.year < 2000 or last.year > today.year + 1:  # noqa: PLR2004 - a typo
        return "No record is so old, or so new."
    return ""


def _latest(days: int, today: date) -> Span:
    return _days(today - timedelta(days=days - 1), today)


def _days(first: date, last: date) -> Span:
    """Return whole days in UTC, both included."""
    since = datetime.combine(first, time.min, UTC)
    return Span(since, datetime.combine(last, time.min, UTC) + timedelta(days=1))


def _last(span: Span) -> date:
    return (span.until - timedelta(days=1)).date()


def _in_words(on: date) -> str:
    return f"{on.day} {on:%b %Y}"
