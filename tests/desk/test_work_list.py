"""The work list: what stands where, for whom, and what is done to several at once."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html import unescape
from itertools import chain
from pathlib import Path

import pytest
import sqlalchemy as sa
from httpx2 import Response

from tests.desk.claims_made import (
    DAY,
    HOUR,
    a_deadline,
    add_claims,
    assigned,
    deliver,
    directory,
    set_proposed,
)
from tests.desk.visitors import flash, signed_in
from tests.office import OPENING, Office, an_office
from worker.adapters.store.desk.work import Place, Tab, Wanted, select_page
from worker.adapters.store.schema import NO_DEADLINE, ClaimRow
from worker.domain.claim import ClaimState
from worker.domain.staff import StaffRole

S = ClaimState


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office", *directory()) as office:
        yield office


def listed(response: Response) -> list[int]:
    """The claims of a page, from top to bottom."""
    assert response.status_code == 200
    return [int(one) for one in re.findall(r'data-open="/claims/(\d+)"', response.text)]


def count(response: Response, tab: str) -> str:
    """The number on a tab."""
    found = re.search(rf'>{tab} <span class="count">([^<]*)<', response.text)
    assert found is not None
    return found[1]


def link(response: Response, text: str) -> str:
    found = re.search(rf'href="([^"]*)"[^>]*>{text}<', response.text)
    assert found is not None, text
    return unescape(found[1])


# -- the order and the tabs --


def test_the_most_urgent_stands_first_and_what_has_no_date_last(office: Office) -> None:
    add_claims(office, 2)
    add_claims(office, 1, member_id="M9", order_number="ORD-9", respond_by=None)
    a_deadline(office, 2, OPENING - HOUR)

    with signed_in(office) as visitor:
        seen = visitor.get("/claims")

    assert listed(seen) == [2, 1, 3]
    assert "1 h overdue" in seen.text
    assert "3 d left" in seen.text
    assert "no date" in seen.text


def test_each_tab_shows_its_claims_and_says_how_many(office: Office) -> None:
    hours = {1: -1, 2: 23, 3: 47, 4: 200}
    add_claims(office, 7)
    for claim_id, away in hours.items():
        a_deadline(office, claim_id, OPENING + away * HOUR)
    states = {5: S.DECISION_PROPOSED, 6: S.AWAITING_DOCUMENTS, 7: S.WITHDRAWN}
    with office.store.transaction() as work:
        for claim_id, state in states.items():
            claim = work.lock_claim(claim_id)
            assert claim is not None
            work.save_claim(claim, replace(claim, state=state))
    office.parts.desk.assignments.assign({1: "mei", 2: "jonas"}, by="mei")

    with signed_in(office) as visitor:
        seen = visitor.get("/claims")
        tabs = {tab: listed(visitor.get(f"/claims?tab={tab.value}")) for tab in Tab}

    assert tabs[Tab.MINE] == [1]
    assert tabs[Tab.UNASSIGNED] == [3, 5, 4, 6]
    assert tabs[Tab.BREACHED] == [1]
    assert tabs[Tab.DUE_24H] == [2]
    assert tabs[Tab.DUE_48H] == [2, 3]
    assert tabs[Tab.APPROVAL] == [5]
    assert tabs[Tab.WAITING] == [6]
    assert tabs[Tab.CLOSED] == [7]
    assert set(tabs[Tab.FOUND]) == set(range(1, 8))
    assert (count(seen, "Open"), count(seen, "Due 48 h")) == ("6", "2")


def test_the_members_date_is_no_breach_of_ours(office: Office) -> None:
    add_claims(
        office,
        1,
        state=S.AWAITING_DOCUMENTS,
        documents_asked_at=OPENING - 9 * DAY,
        documents_due_at=OPENING - DAY,
    )

    with signed_in(office) as visitor:
        late = visitor.get("/claims?tab=breached")
        every = visitor.get("/claims")

    assert listed(late) == []
    assert "member’s documents" in every.text
    assert "1 d overdue" in every.text


def test_counts_stop_at_a_thousand(office: Office) -> None:
    with office.store.database.write() as session:
        rows = [_row(number) for number in range(1, 1103)]
        session.execute(sa.insert(ClaimRow), rows)

    with signed_in(office) as visitor:
        seen = visitor.get("/claims")

    assert count(seen, "Open") == "1,000+"
    assert count(seen, "Breached") == "0"


def _row(number: int) -> dict[str, object]:
    return {
        "id": number,
        "member_id": f"M{number}",
        "member_key": f"m{number}",
        "order_number": f"O{number}",
        "order_key": f"o{number}",
        "claim_type": "damage",
        "state": "under_review",
        "received_at": OPENING,
        "deadline_at": NO_DEADLINE,
        "flags": [],
    }


@pytest.mark.parametrize("tab", ["open", "closed", "all"])
def test_pages_lead_on_and_back_without_leaving_anything_out(
    office: Office, tab: str
) -> None:
    state = S.COMPLETED_PAID if tab == "closed" else S.UNDER_REVIEW
    add_claims(office, 120, state=state, respond_by=OPENING + DAY)

    with signed_in(office) as visitor:
        first = visitor.get(f"/claims?tab={tab}&type=damage")
        second = visitor.get(link(first, "Next 50"))
        third = visitor.get(link(second, "Next 50"))
        back = visitor.get(link(third, "Back"))
        begin = visitor.get(link(back, "Back"))

    pages = [listed(one) for one in (first, second, third)]
    numbers = list(range(1, 121))
    assert [*chain(*pages)] == (numbers[::-1] if tab == "closed" else numbers)
    assert (listed(back), listed(begin)) == (pages[1], pages[0])
    assert "Next 50" not in third.text
    assert ">Back<" not in begin.text


@pytest.mark.parametrize("place", ["", "x", "20261125T190000.000000-", "9-9-9", "-²"])
def test_a_place_that_nobody_wrote_is_the_beginning(office: Office, place: str) -> None:
    add_claims(office, 2)

    with signed_in(office) as visitor:
        assert listed(visitor.get("/claims", params={"after": place})) == [1, 2]

    assert Place.parse(place) is None


# -- filters and views --


def test_filters_narrow_the_list_and_are_kept_in_its_address(office: Office) -> None:
    deliver(office)
    set_proposed(office, 1, Decimal("480.00"))
    set_proposed(office, 2, Decimal("96.00"))

    with signed_in(office) as visitor:

        def found(**filters: str) -> list[int]:
            return sorted(listed(visitor.get("/claims", params=filters)))

        assert found(type="damage") == [1, 2, 3, 4]
        assert found(type="total_loss") == []
        assert found(state="awaiting_documents") == [3, 4]
        assert found(lang="zh") == [2]
        assert found(flag="photo_seen_before") == [2, 4]
        assert found(low="100") == [1]
        assert found(low="50", high="96") == [2]
        assert found(older="5") == [4]
        assert found(newer="1") == [1, 3]
        assert found(lang="zh", type="damage", low="abc") == [2]
        seen = visitor.get("/claims?lang=zh&type=damage&older=1")

    assert 'value="damage" selected' in seen.text
    assert unescape(link(seen, "Closed")).endswith("type=damage&lang=zh&older=1")
    assert 'value="es"' in seen.text


def test_who_has_a_claim_is_a_filter_too(office: Office) -> None:
    add_claims(office, 3)
    office.parts.desk.assignments.assign({1: "mei", 2: "jonas"}, by="mei")

    with signed_in(office) as visitor:
        assert listed(visitor.get("/claims?who=jonas")) == [2]
        assert listed(visitor.get("/claims?who=-")) == [3]


def test_a_view_is_kept_for_its_person_alone_and_can_be_deleted(office: Office) -> None:
    with signed_in(office, name="jonas") as other, signed_in(office) as visitor:
        visitor.get("/claims?type=damage")
        visitor.post("/claims/views", name=" Broken  things ", here="type=damage")
        own, others = visitor.get("/claims").text, other.get("/claims").text
        (view,) = office.parts.desk.views.of(1 if "Broken" in others else 2)
        other.post(f"/claims/views/{view.view_id}/delete")
        still = visitor.get("/claims").text
        visitor.post(f"/claims/views/{view.view_id}/delete")
        gone = visitor.get("/claims").text

    assert '<a href="/claims?type=damage">Broken things</a>' in own
    assert "Broken" not in others
    assert "Broken things" in still
    assert "Broken things</a>" not in gone


def test_a_view_without_a_name_is_not_kept(office: Office) -> None:
    with signed_in(office) as visitor:
        visitor.post("/claims/views", name="  ", here="type=damage")
        assert "needs a name" in flash(visitor)


# -- rights, the next claim, and a list that stays new --


def test_a_viewer_reads_and_changes_nothing(office: Office) -> None:
    add_claims(office, 1)

    with signed_in(office, StaffRole.VIEWER) as visitor:
        seen = visitor.get("/claims")
        refused = [
            visitor.post("/claims/assign", claim=["1"], to="me"),
            visitor.post("/claims/remind", claim=["1"]),
            visitor.post("/claims/assign/undo?was=1.0&now=0"),
            visitor.get("/claims.csv"),
            visitor.get("/claims.xlsx"),
        ]

    assert listed(seen) == [1]
    assert "Assign to me" not in seen.text
    assert ".csv" not in seen.text
    assert [one.status_code for one in refused] == [403] * 5
    assert assigned(office) == {1: None}


def test_the_next_claim_is_that_of_the_list_somebody_came_from(office: Office) -> None:
    add_claims(office, 4)
    office.parts.desk.assignments.assign({1: "mei", 3: "mei"}, by="mei")

    with signed_in(office) as visitor:
        visitor.get("/claims?tab=mine")
        next_of_mine = visitor.get("/claims/next?after=1")
        named = visitor.get("/claims/next?after=1&tab=open")
        gone = visitor.get("/claims/next?after=2")
        end = visitor.get("/claims/next?after=3")

    assert next_of_mine.headers["location"] == "/claims/3"
    assert named.headers["location"] == "/claims/2"
    assert gone.headers["location"] == "/claims/1"
    assert end.headers["location"] == "/claims?tab=mine"


@pytest.mark.parametrize("after", ["-1", "9" * 30, "x"])
def test_what_is_no_claims_number_leads_nowhere(office: Office, after: str) -> None:
    with signed_in(office) as visitor:
        seen = visitor.get(f"/claims/next?after={after}")

    assert seen.status_code == 422


def test_htmx_gets_the_list_without_the_frame(office: Office) -> None:
    add_claims(office, 1)

    with signed_in(office) as visitor:
        part = visitor.get("/claims", headers={"HX-Request": "true"})

    assert listed(part) == [1]
    assert part.text.lstrip().startswith("<section")


@pytest.mark.parametrize("tab", [tab.value for tab in Tab if tab is not Tab.FOUND])
def test_an_empty_list_says_what_that_means(office: Office, tab: str) -> None:
    with signed_in(office) as visitor:
        seen = visitor.get(f"/claims?tab={tab}")
        sieved = visitor.get(f"/claims?tab={tab}&type=damage")

    assert 'class="empty"' in seen.text
    assert "No claim fits these filters" in sieved.text


# -- what it costs --


def test_lists_come_from_an_index_whatever_the_tab(office: Office) -> None:
    add_claims(office, 3)
    wanted = Wanted(now=OPENING, me="mei")
    plans = {tab: plan(office, replace(wanted, tab=tab)) for tab in Tab}

    assert {tab for tab, text in plans.items() if "SCAN claims\n" in text} == set()
    assert "ix_claims_work" in plans[Tab.OPEN]
    assert "ix_claims_assigned" in plans[Tab.MINE]
    assert "ix_claims_state_work" in plans[Tab.APPROVAL]
    assert {tab for tab, text in plans.items() if "TEMP B-TREE" in text} <= {
        Tab.FOUND,
        Tab.WAITING,
    }


def plan(office: Office, wanted: Wanted) -> str:
    place = Place(OPENING + timedelta(hours=1), 1)
    ids = (1, 2) if wanted.tab is Tab.FOUND else None
    query = select_page(replace(wanted, claim_ids=ids), after=place).limit(51)
    engine = office.store.database.engine
    text = str(query.compile(engine, compile_kwargs={"literal_binds": True}))
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"explain query plan {text}")
        return "".join(f"{row[3]}\n" for row in rows)
