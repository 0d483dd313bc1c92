"""What is done to several claims of the list at once."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from httpx2 import Response

from tests.desk.claims_made import (
    DAY,
    HOUR,
    KATHARINA,
    LENA,
    LUCIA,
    add_claims,
    assigned,
    deliver,
    directory,
)
from tests.desk.visitors import a_person, flash, signed_in
from tests.office import OPENING, Office, an_office
from worker.domain.claim import Event
from worker.domain.staff import StaffRole


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office", *directory()) as office:
        yield office


def test_claims_are_assigned_with_a_trace_and_given_back(office: Office) -> None:
    add_claims(office, 3)
    jonas = a_person(office, "jonas", StaffRole.AGENT)
    office.parts.desk.assignments.assign({2: "jonas"}, by="jonas")

    with signed_in(office) as visitor:
        visitor.post("/claims/assign", claim=["1", "2"], to="me", here="tab=open")
        seen = visitor.get("/claims")
        mine = assigned(office)
        visitor.post(link_of_undo(seen))
        undone = assigned(office)
        visitor.post("/claims/assign", claim=["3"], person=str(jonas.person_id))
        visitor.post("/claims/assign", claim=["2"], person="0")

    assert "2 claims assigned to mei." in seen.text
    assert mine == {1: "mei", 2: "mei", 3: None}
    assert undone == {1: None, 2: "jonas", 3: None}
    assert assigned(office) == {1: None, 2: None, 3: "jonas"}
    trace = [
        (one.actor, one.data)
        for one in office.store.claims.events(2)
        if one.event is Event.ASSIGNED
    ]
    assert trace[1:] == [
        ("mei", {"from": "jonas", "to": "mei"}),
        ("mei", {"from": "mei", "to": "jonas"}),
        ("mei", {"from": "jonas"}),
    ]


def link_of_undo(response: Response) -> str:
    found = re.search(r'action="(/claims/assign/undo[^"]*)"', response.text)
    assert found is not None
    return unescape(found[1])


def test_undo_leaves_alone_what_somebody_else_took_meanwhile(office: Office) -> None:
    add_claims(office, 2)
    a_person(office, "jonas", StaffRole.AGENT)

    with signed_in(office) as visitor:
        visitor.post("/claims/assign", claim=["1", "2"], to="me")
        seen = visitor.get("/claims")
        office.parts.desk.assignments.assign({1: "jonas"}, by="jonas")
        visitor.post(link_of_undo(seen))

    assert assigned(office) == {1: "jonas", 2: None}


def test_assigning_changes_no_version_so_that_no_decision_is_refused(
    office: Office,
) -> None:
    (claim,) = add_claims(office, 1)

    office.parts.desk.assignments.assign({1: "mei"}, by="mei")

    assert office.store.claims.get(1) == claim


@pytest.mark.parametrize(
    ("form", "say"),
    [
        ({"to": "me"}, "Select a claim first"),
        ({"claim": ["1"], "to": ""}, "choose somebody who works on claims"),
        ({"claim": ["1"], "person": "99"}, "choose somebody who works on claims"),
        ({"claim": ["7"], "to": "me"}, "Nothing was to do"),
    ],
)
def test_what_cannot_be_assigned_is_said(
    office: Office, form: dict[str, object], say: str
) -> None:
    add_claims(office, 1)

    with signed_in(office) as visitor:
        visitor.post("/claims/assign", **form)
        assert say in flash(visitor)

    assert assigned(office) == {1: None}


def test_members_are_reminded_once_and_what_does_not_apply_is_said(
    office: Office,
) -> None:
    deliver(office, (LENA, LUCIA, KATHARINA))

    with signed_in(office) as visitor:
        mixed = visitor.post("/claims/remind", claim=["1", "2", "3"])
        again = visitor.post("/claims/remind", claim=["2"])
        nothing = visitor.post("/claims/remind")
    office.run()
    sent = [one for one in office.emails if one.kind == "documents_reminder"]
    office.wait_until(OPENING + 3 * DAY + HOUR)
    later = [one for one in office.emails if one.kind == "documents_reminder"]

    assert "2 of 3 members reminded" in mixed.text
    assert "CLM-000001 waits for nothing of its member" in mixed.text
    assert "the member of CLM-000002 was reminded already" in again.text
    assert nothing.status_code == 303
    assert {one.recipient for one in sent} == {LUCIA.address, KATHARINA.address}
    assert len(later) == 2
    by = [e.actor for e in office.store.claims.events(2) if e.event == "docs.reminder"]
    assert by == ["mei"]
