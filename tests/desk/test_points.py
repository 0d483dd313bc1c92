"""The points of a member at the desk: the claim page, the account, the search."""

import dataclasses
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from tests.builders_mail import claim_files, make_claim_mail
from tests.desk.claims import LOST, ORDER, an_order_of
from tests.desk.visitors import Visitor, signed_in
from tests.office import Office, an_office
from worker import decide
from worker.adapters.store.points_entries import Holder
from worker.adapters.store.points_orders import Bought
from worker.desk.points import SHOWN
from worker.domain.policy import Lifetime
from worker.domain.staff import StaffRole

LENA = Holder("M104233", "main")


def seen(text: str) -> str:
    """What a page says, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    order = an_order_of("200.00", is_lost=True)
    order = dataclasses.replace(order, points_applied=5000, points_earned=149)
    with an_office(tmp_path / "office", order) as office:
        office.deliver(make_claim_mail(text=LOST, files=claim_files()[:2]))
        yield office


@pytest.fixture
def mei(office: Office) -> Iterator[Visitor]:
    with signed_in(office, role=StaffRole.VIEWER) as visitor:
        yield visitor


def test_the_claim_page_says_what_paying_would_do_and_then_what_it_did(
    office: Office, mei: Visitor
) -> None:
    before = seen(mei.get("/claims/1").text)
    decide.approve(office.parts, office.claim, amount=None, by="jane")
    decide.complete(office.parts, office.claim, by="fin", reference="PAY-1")
    after = mei.get("/claims/1").text

    lines = "come back P13 +5,000 Earned with it, taken back P15 -149 In all +4,851"

    assert lines in before
    assert "when it is paid" in before
    assert "/points/" not in before
    assert lines in seen(after)
    assert "Points moved" in seen(after)
    assert 'href="/points/1"' in after


def test_a_claim_that_moves_no_points_does_not_speak_of_them(tmp_path: Path) -> None:
    with an_office(tmp_path / "o", an_order_of("200.00", is_lost=False)) as office:
        office.deliver(make_claim_mail())
        with signed_in(office) as visitor:
            assert "In all" not in visitor.get("/claims/1").text


def test_an_account_shows_its_lots_in_the_order_of_use_and_its_history(
    office: Office, mei: Visitor
) -> None:
    ledger = office.parts.points
    ledger.verify(LENA)
    ledger.grant(LENA, "game", 300, life=Lifetime(days=2))
    ledger.redeem(LENA, "r", Bought(ORDER, 20_000), 50)
    ledger.adjust(LENA, "a", -10, by="kim", reason="<b>wrong</b> prize")
    decide.approve(office.parts, office.claim, amount=None, by="jane")
    decide.complete(office.parts, office.claim, by="fin", reference="PAY-1")

    text = mei.get("/points/1").text

    said = seen(text)
    assert "Points of M104233 on main" in said
    assert said.index("Event or game") < said.index("E-mail address verified")
    assert "Came back: goods refunded, order ORD-20261104-0183, CLM-000001" in said
    assert "<b>wrong</b> prize" in said
    assert "<b>wrong" not in text
    assert "-10 kim, policy 2026-11" in said


def test_a_member_with_one_account_is_shown_it_and_with_two_the_choice(
    office: Office, mei: Visitor
) -> None:
    mei.get("/points")
    nobody = mei.post("/points", member="M104233")
    office.parts.points.verify(LENA)
    one = mei.post("/points", member=" m104233 ")
    office.parts.points.verify(Holder("M104233", "eu"))
    two = mei.post("/points", member="M104233")

    assert nobody.status_code == 422
    assert "No account has this member id" in nobody.text
    assert (one.status_code, one.headers["location"]) == (303, "/points/1")
    assert "eu" in seen(two.text)
    assert "On other sites: eu (100)" in seen(mei.get("/points/1").text)


def test_a_long_history_is_read_page_by_page(office: Office, mei: Visitor) -> None:
    for number in range(SHOWN + 5):
        office.clock.at += timedelta(minutes=1)
        office.parts.points.grant(LENA, f"g{number}", number + 1)

    first = mei.get("/points/1").text
    found = re.search(r"/points/1\?before=\d+", first)
    assert found is not None
    second = mei.get(found[0]).text

    points = re.findall(r">\+(\d+)<", first + second)
    assert points == [str(n) for n in range(SHOWN + 5, 0, -1)]
    assert "?before=" not in second


def test_an_account_that_is_not_there_is_not_found(mei: Visitor) -> None:
    assert mei.get("/points/7").status_code == 404
