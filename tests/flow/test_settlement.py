"""A paid claim moves points: in the ledger, in the e-mails, in the note; once."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import a_package, an_order
from tests.builders_mail import claim_files, make_claim_mail
from tests.desk.visitors import signed_in
from tests.flow.test_decide import FIRST, complete
from tests.office import OPENING, Office, an_office
from worker import decide
from worker.adapters.mime import parse
from worker.adapters.orders_csv import read_orders
from worker.adapters.store.points_entries import Holder
from worker.adapters.store.points_orders import Bought
from worker.demo.cast import orders_csv
from worker.demo.points import OVER, add_points
from worker.demo.samples import make_play
from worker.domain.claim import ClaimState, ClaimType
from worker.domain.errors import UsageError
from worker.domain.orders import Order
from worker.domain.points import EntryKind
from worker.domain.points_words import OF_ANOTHER_MEMBER
from worker.domain.policy import Lifetime
from worker.domain.settlement import NO_POINTS, PointsMoved
from worker.schedule import Scheduler

LENA = Holder("M104233", "main")
ON_EU = Holder("M104233", "eu")
K = EntryKind


def said(raw: bytes | None) -> str:
    """The text of an e-mail on one line."""
    return " ".join(parse(raw or b"").text.split())


def last_text(office: Office) -> str:
    return said(office.emails[-1].raw)


def an_order_with_points(used: int = 5000, earned: int = 0) -> Order:
    package = a_package(
        value_usd="200.00", sales_price_usd="200.00", shipping_fee_usd="20.00"
    )
    order = an_order(FIRST, packages=(package,))
    return dataclasses.replace(order, points_applied=used, points_earned=earned)


def lost(office: Office) -> None:
    text = "My parcel never arrived, it is lost."
    office.deliver(make_claim_mail(text=text, files=claim_files()[:2]))
    assert office.claim.claim_type is ClaimType.TOTAL_LOSS


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    order = an_order_with_points(earned=149)
    with an_office(tmp_path / "office", order) as office:
        lost(office)
        yield office


def kinds(office: Office, holder: Holder = LENA) -> list[tuple[str, int]]:
    (account,) = office.parts.points.accounts_of(holder.member_id)
    history = office.parts.points.history(account.account_id, limit=50)
    return [(one.kind.value, one.points or one.noted) for one in reversed(history)]


def approve_and_pay(office: Office) -> None:
    decide.approve(office.parts, office.claim, amount=None, by="jane")
    decide.complete(office.parts, office.claim, by="fin", reference="PAY-1")
    office.run()


def test_EX_57_a_paid_total_loss_gives_back_and_then_takes_back(
    office: Office,
) -> None:
    approve_and_pay(office)

    assert kinds(office) == [("returned", 5000), ("earned_deducted", -149)]
    assert office.parts.points.balance(LENA) == 5000 - 149
    moved = PointsMoved(back=5000, deducted=149)
    assert office.parts.points.settled(1) == (1, moved)


def test_P13_and_P15_the_e_mails_say_the_arithmetic(office: Office) -> None:
    approve_and_pay(office)

    approved, completed = (said(one.raw) for one in office.emails[-2:])
    assert "5,000 points that you used for this order go back" in approved
    assert "149 points that you earned with this order are deducted" in approved
    assert "Your points are booked when we pay" in approved
    assert "Points back in your account: 5,000" in completed
    assert "deducted again (clause P15): 149" in completed


def test_the_draft_and_its_note_say_it_before_anybody_decides(office: Office) -> None:
    draft = office.store.outbox.draft_of(1)
    note = office.store.notes.of_claim(1)

    assert draft is not None
    assert note is not None
    assert "149 points that you earned" in said(draft.raw)
    rows = {row.label: row.text for point in note.points for row in point.rows}
    assert rows["Points restored"] == "5,000"
    assert rows["Earned points deducted"] == "149"


def test_what_the_ledger_knows_of_an_order_comes_back_to_its_lots(
    office: Office,
) -> None:
    ledger = office.parts.points
    ledger.grant(ON_EU, "a", 2000, life=Lifetime(days=1))
    ledger.grant(ON_EU, "b", 3000, life=Lifetime(months=3))
    ledger.redeem(ON_EU, "r", Bought(FIRST, 20_000), 5000)
    office.clock.at += timedelta(days=2)

    approve_and_pay(office)

    assert kinds(office, ON_EU)[-2:] == [("returned", 3000), ("refund_expired", 2000)]
    assert ledger.balance(ON_EU) == 3000
    assert "expired and do not come back (clause P14): 2,000" in last_text(office)


def test_points_that_are_gone_are_told_and_not_owed(tmp_path: Path) -> None:
    order = an_order_with_points(used=0, earned=149)
    with an_office(tmp_path / "office", order) as office:
        lost(office)
        approve_and_pay(office)

        assert kinds(office) == [("returned", 0), ("shortfall", 149)]
        assert "no longer holds; you owe nothing for them: 149" in last_text(office)


def test_damage_moves_no_points_since_the_goods_are_kept(tmp_path: Path) -> None:
    with an_office(tmp_path / "office", an_order_with_points(earned=149)) as office:
        office.deliver(complete())
        assert office.claim.claim_type is ClaimType.DAMAGE
        decide.approve(
            office.parts, office.claim, amount="60.00", by="jane", reason="as agreed"
        )
        decide.complete(office.parts, office.claim, by="fin", reference="PAY-1")

        assert office.parts.points.accounts_of("M104233") == []
        assert office.parts.points.settled(1) == (None, NO_POINTS)
        assert "oints" not in last_text(office)


def test_paying_twice_is_refused_and_moves_points_once(office: Office) -> None:
    approve_and_pay(office)

    with pytest.raises(UsageError, match="already paid"):
        decide.complete(office.parts, office.claim, by="fin", reference="PAY-2")

    assert len(kinds(office)) == 2


def test_two_who_pay_at_once_pay_and_move_points_once(office: Office) -> None:
    decide.approve(office.parts, office.claim, amount=None, by="jane")
    seen = office.claim
    decide.complete(office.parts, seen, by="fin", reference="PAY-1")

    with pytest.raises(UsageError, match="changed meanwhile"):
        decide.complete(office.parts, seen, by="fin", reference="PAY-1")

    assert len(kinds(office)) == 2


def test_a_second_claim_on_the_order_gives_back_only_its_own_part(
    tmp_path: Path,
) -> None:
    one = a_package("1", value_usd="120.00", sales_price_usd="120.00")
    two = a_package(
        "2", value_usd="80.00", sales_price_usd="80.00", tracking_number="TRK0184"
    )
    order = dataclasses.replace(
        an_order(FIRST, packages=(one, two)), points_applied=5000, points_earned=150
    )
    with an_office(tmp_path / "office", order) as office:
        for number in (1, 2):
            office.deliver(
                make_claim_mail(
                    text=f"Package TRK018{number + 2} never arrived, it is lost.",
                    files=claim_files()[:2],
                    headers=[("Message-ID", f"<mail-{number}@mail.example>")],
                )
            )
            claim = office.store.claims.get(number)
            assert claim is not None
            if claim.package_id != str(number):
                decide.choose_package(office.parts, claim, str(number), by="jane")
                office.run()
                claim = office.store.claims.get(number)
                assert claim is not None
            decide.approve(office.parts, claim, amount=None, by="jane")
            claim = office.store.claims.get(number)
            assert claim is not None
            decide.complete(office.parts, claim, by="fin", reference="PAY")
            office.run()

        assert kinds(office) == [
            ("returned", 3000),
            ("earned_deducted", -90),
            ("returned", 2000),
            ("earned_deducted", -60),
        ]


def test_an_appeal_that_is_paid_gives_no_point_back_twice(office: Office) -> None:
    decide.approve(
        office.parts, office.claim, amount="100.00", by="jane", reason="used goods"
    )
    decide.complete(office.parts, office.claim, by="fin", reference="PAY-1")
    before = kinds(office)
    decide.appeal(office.parts, office.claim, by="jane", reason="asked again")
    decide.take_appeal(office.parts, office.claim, by="kim")
    office.run()
    decide.propose(
        office.parts,
        office.claim,
        decide.approval(office.parts, office.claim, amount="70.00", by="kim"),
        by="kim",
    )
    decide.approve(office.parts, office.claim, amount=None, by="lee")
    decide.complete(office.parts, office.claim, by="fin", reference="PAY-2")

    assert before[0] == ("returned", 5000)
    assert sum(points for kind, points in kinds(office) if kind == "returned") == 5000
    deducted = [p for kind, p in kinds(office) if kind == "earned_deducted"]
    assert sum(deducted) == -149
    assert office.state() is ClaimState.COMPLETED_PAID


def test_a_payment_is_recorded_where_the_ledger_has_the_order_as_another_s(
    office: Office,
) -> None:
    office.parts.points.place(Holder("M999999", "main"), Bought(FIRST, 20_000))
    decide.approve(office.parts, office.claim, amount=None, by="jane")
    decide.complete(office.parts, office.claim, by="fin", reference="PAY-1")
    office.run()

    assert "points" not in last_text(office)
    assert office.state() is ClaimState.COMPLETED_PAID
    assert kinds(office) == [("order_of_another", 0)]


def test_staff_are_told_where_the_ledger_has_the_order_as_another_s(
    tmp_path: Path,
) -> None:
    with an_office(tmp_path / "office", an_order_with_points()) as office:
        office.parts.points.place(Holder("M999999", "main"), Bought(FIRST, 20_000))
        lost(office)
        note = office.store.notes.of_claim(1)
        with signed_in(office) as visitor:
            before = visitor.get("/claims/1").text
            approve_and_pay(office)
            after = visitor.get("/claims/1").text
            account = visitor.get("/points/2").text

        assert note is not None
        rows = {row.label: row.text for point in note.points for row in point.rows}
        assert rows["Points"] == OF_ANOTHER_MEMBER
        assert OF_ANOTHER_MEMBER in before
        assert "none will move" in before
        assert OF_ANOTHER_MEMBER in after
        assert "none moved" in after
        assert f"another member&#39;s here, order {FIRST.upper()}" in account
        alerts = office.store.alerts.newest(limit=9)
        assert [(one.code, one.claim_id) for one in alerts] == [
            ("points_of_another", 1)
        ]


def test_nobody_is_alerted_where_the_points_moved(office: Office) -> None:
    approve_and_pay(office)

    assert office.store.alerts.newest(limit=9) == []


def test_an_appeal_leaves_the_points_of_another_package_alone(tmp_path: Path) -> None:
    one = a_package("1", value_usd="120.00", sales_price_usd="120.00")
    two = a_package(
        "2", value_usd="80.00", sales_price_usd="80.00", tracking_number="TRK0184"
    )
    order = dataclasses.replace(
        an_order(FIRST, packages=(one, two)), points_applied=5000, points_earned=150
    )
    with an_office(tmp_path / "office", order) as office:
        lost(office)
        decide.choose_package(office.parts, office.claim, "1", by="jane")
        office.run()
        less = "used goods"
        decide.approve(
            office.parts, office.claim, amount="60.00", by="jane", reason=less
        )
        decide.complete(office.parts, office.claim, by="fin", reference="PAY-1")
        first = kinds(office)
        decide.appeal(office.parts, office.claim, by="jane", reason="asked again")
        decide.take_appeal(office.parts, office.claim, by="kim")
        office.run()
        more = decide.approval(
            office.parts, office.claim, amount="10.00", by="kim", reason=less
        )
        decide.propose(office.parts, office.claim, more, by="kim")
        decide.approve(office.parts, office.claim, amount=None, by="lee")
        decide.complete(office.parts, office.claim, by="fin", reference="PAY-2")

        assert first[0] == ("returned", 3000)
        assert (
            sum(points for kind, points in kinds(office) if kind == "returned") == 3000
        )
        deducted = -sum(p for kind, p in kinds(office) if kind == "earned_deducted")
        assert deducted <= 90


def test_an_e_mail_is_written_anew_where_points_moved_meanwhile(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide.approve(office.parts, office.claim, amount=None, by="jane")
    ledger = office.parts.points
    real = type(ledger).foresee
    asked: list[PointsMoved] = []

    def beside(*given: object, **named: object) -> PointsMoved:
        found = real(*given, **named)  # type: ignore[arg-type]
        if not asked:  # an order of the same number becomes known at this moment
            ledger.place(LENA, Bought(FIRST, 20_000))
        asked.append(found)
        return found

    monkeypatch.setattr(type(ledger), "foresee", beside)
    decide.complete(office.parts, office.claim, by="fin", reference="PAY-1")

    assert asked == [PointsMoved(back=5000, deducted=149), PointsMoved(back=5000)]
    assert kinds(office) == [("returned", 5000)]
    assert "deducted" not in last_text(office)


def test_P10_the_scheduler_writes_off_what_nobody_touches(office: Office) -> None:
    for number in range(3):
        holder = Holder(f"M{number}", "main")
        office.parts.points.grant(holder, "g", 10, life=Lifetime(days=1))
    scheduler = Scheduler(office.parts)
    office.clock.at += timedelta(days=2)

    swept = [scheduler.expire_points(), scheduler.expire_points()]

    assert swept == [3, 0]
    assert office.parts.points.accounts_of("M0")[0].balance == 0


def test_the_demo_s_lost_camera_moves_points_in_ledger_e_mail_and_desk(
    tmp_path: Path,
) -> None:
    """The demo's own member, order, points and mail; a person approves and pays."""
    play = make_play(OPENING)
    mei = play.people["mei"]
    file = tmp_path / "orders.csv"
    file.write_text(orders_csv([mei]), encoding="utf-8")
    (sample,) = [one for one in play.samples if one.title == "total loss"]
    with an_office(tmp_path / "office", *read_orders(file).rows) as office:
        add_points(office.parts, [mei])
        ledger, holder = office.parts.points, Holder(mei.member_id, "main")
        assert ledger.balance(holder) == OVER
        office.deliver(sample.raw)
        claim = office.claim
        wanted = decide.approval(office.parts, claim, amount=None, by="demo")
        decide.propose(office.parts, claim, wanted, by="demo")
        decide.approve(office.parts, office.claim, amount=None, by="second")
        decide.complete(office.parts, office.claim, by="demo", reference="PAY-1")
        office.run()

        assert ledger.balance(holder) == OVER + mei.points
        assert kinds(office, holder) == [
            ("granted", mei.points + OVER),
            ("redeemed", -mei.points),
            ("returned", mei.points),
        ]
        assert office.emails[-1].kind == "completed"
        assert "Points back in your account: 2,000" in last_text(office)
        with signed_in(office) as visitor:
            assert "+2,000" in visitor.get("/claims/1").text
            page = visitor.get("/points/1").text
        assert "Came back: goods refunded" in page
        assert "2,500" in page
