"""`/claims.csv` and `/claims.xlsx`: the list as it is filtered, for spreadsheets."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from worker.adapters.sheets import CSV_TYPE, XLSX_TYPE, Cell, csv_file, xlsx_file
from worker.adapters.store.desk.work import WorkItem
from worker.desk.guard import Visit, needs
from worker.desk.words import claim_ref, plain
from worker.desk.work_list import search
from worker.desk.work_query import ListQuery
from worker.domain.staff import Right

router = APIRouter()
Exporter = Annotated[Visit, needs(Right.EXPORT)]
MOST_ROWS = 50_000
"""Our choice: what a spreadsheet still opens, and the database gives in seconds."""
CUT = f"The list was cut after {MOST_ROWS} claims: filter it."
COLUMNS = (
    "Claim",
    "Member",
    "Order",
    "Package",
    "Type",
    "State",
    "Received (UTC)",
    "Next date (UTC)",
    "Date is for",
    "Assigned to",
    "Flags",
    "Language",
    "Proposed USD",
    "Decided USD",
)


@router.get("/claims.csv")
def as_csv(visit: Exporter) -> Response:
    """Stream the list as CSV."""
    body = csv_file(COLUMNS, _rows(visit))
    return StreamingResponse(body, media_type=CSV_TYPE, headers=_named("csv"))


@router.get("/claims.xlsx")
def as_xlsx(visit: Exporter) -> Response:
    """Stream the list as an Excel workbook."""
    body = xlsx_file("Claims", COLUMNS, _rows(visit))
    return StreamingResponse(body, media_type=XLSX_TYPE, headers=_named("xlsx"))


def _named(ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="claims.{ending}"'}


def _rows(visit: Visit) -> Iterator[Sequence[Cell]]:
    query = ListQuery.of(visit.request.query_params)
    claim_ids = search(visit.parts, query).claim_ids
    wanted = query.wanted(visit.parts, visit.person, claim_ids)
    count = 0
    try:
        for item in visit.parts.desk.work.all(wanted, limit=MOST_ROWS + 1):
            if count == MOST_ROWS:
                yield [CUT]
                break
            count += 1
            yield _row(item)
    finally:  # also where the browser left before the end: it has what it has
        action = visit.parts.desk.actions
        action.add(visit.person.name, "export", "claims", data={"rows": count})


def _row(item: WorkItem) -> Sequence[Cell]:
    whose = ("us" if item.is_ours else "the member") if item.deadline_at else ""
    return (
        claim_ref(item.claim_id),
        item.member_id,
        item.order_number,
        item.package_id or "",
        plain(item.claim_type),
        plain(item.state),
        item.received_at,
        item.deadline_at,
        whose,
        item.assigned_to or "",
        ", ".join(plain(flag) for flag in item.flags),
        item.locale or "",
        item.proposed_usd,
        item.decided_usd,
    )
