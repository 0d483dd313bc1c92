"""Triage: what waits, what each person may make of it, and how it is taken back."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.builders import a_member, a_package, a_when, an_order
from tests.builders_mail import make_claim_mail
from tests.desk.visitors import Visitor, a_person, a_visitor, signed_in
from tests.office import Office, an_office
from worker.adapters.store.desk.triage import Waits
from worker.domain.claim import Claim, ClaimState, Event
from worker.domain.orders import Order
from worker.domain.staff import StaffRole

DELIVERED = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
FIRST, SECOND, OTHERS = "ORD-20261104-0183", "ORD-20261105-0200", "ORD-20261106-0300"
STRANGER = "Lena H <lena.private@other.example>"
OTHER_MEMBER = a_member("M200300", name="Ola", addresses=("ola@mail.example",))
SEES = [StaffRole.VIEWER, StaffRole.OPERATOR]


def orders() -> tuple[Order, ...]:
    package = dataclasses.replace(
        a_package(),
        arrived=a_when(DELIVERED - timedelta(days=1)),
        delivered=a_when(DELIVERED),
    )
    second = dataclasses.replace(package, tracking_number="TRK 7777 01")
    third = dataclasses.replace(package, tracking_number="TRK0300")
    return (
        an_order(FIRST, packages=(package,)),
        an_order(SECOND, packages=(second,)),
        an_order(OTHERS, packages=(third,), member=OTHER_MEMBER),
    )


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office", *orders()) as office:
        yield office


def unmatched(office: Office, number: int = 1, **changes: object) -> int:
    """A member's mail that names nothing."""
    fields: dict[str, object] = {
        "subject": "my broken lamp",
        "text": f"Hello, it came broken ({number}). What now?",
        "files": [],
        **changes,
    }
    return office.deliver(make_claim_mail(**fields))  # type: ignore[arg-type]


def held(office: Office, **changes: object) -> int:
    """A stranger's mail about a member's order."""
    return office.deliver(make_claim_mail(sender=STRANGER, **changes))  # type: ignore[arg-type]


def several(office: Office) -> int:
    return office.deliver(make_claim_mail(subject=f"M104233+{FIRST}+{SECOND}+Claim"))


def fill(office: Office) -> None:
    """One of each, for looking at."""
    several(office)
    held(office)
    unmatched(office, text=f"My lamp of {OTHERS} came broken, tracking TRK777701.")
    office.deliver(
        make_claim_mail(
            files=[], text="x", headers=[("Auto-Submitted", "auto-generated")]
        )
    )
    office.deliver(
        make_claim_mail(text="broken", headers=[("X-Breaks-The-Reader", "yes")])
    )
    for _ in range(4):
        office.run_again()


def seen_at(visitor: Visitor, path: str) -> str:
    """What a page's form sends along, so that a stale one is refused."""
    text = visitor.get(path).text
    return text.split('name="seen" value="', 1)[1].split('"', 1)[0]


def claims(office: Office) -> list[Claim]:
    return office.store.claims.listed(open_only=False, limit=20)


def pass_ten_seconds(office: Office) -> None:
    office.clock.at += timedelta(seconds=11)
    office.run_again()


def events(office: Office, claim_id: int = 1) -> list[Event]:
    return [one.event for one in office.store.claims.events(claim_id)]


def test_an_empty_triage_says_so(office: Office) -> None:
    with signed_in(office) as visitor:
        assert "Nothing to sort out" in visitor.get("/triage").text


def test_each_mail_waits_under_its_reason_and_the_tabs_count_them(
    office: Office,
) -> None:
    fill(office)

    with signed_in(office) as visitor:
        every = visitor.get("/triage").text
        strangers = visitor.get("/triage?tab=held").text

    counts = office.parts.desk.triage.counts()
    assert {kind for kind, count in counts.items() if count} == {
        Waits.SEVERAL_ORDERS,
        Waits.HELD,
        Waits.UNMATCHED,
        Waits.MACHINE,
        Waits.PARKED,
    }
    assert every.count("<tr data-open") == 5
    assert strangers.count("<tr data-open") == 1
    assert "/triage/2" in strangers
    assert "not on file" in strangers


def test_pages_of_the_list_show_every_mail_once_in_both_orders(office: Office) -> None:
    for number in range(6):
        unmatched(office, number)
    triage = office.parts.desk.triage

    for newest_first in (False, True):
        after, seen = None, []
        while page := triage.page(
            tuple(Waits), after=after, newest_first=newest_first, limit=4
        ):
            seen += [one.mail_id for one in page]
            after = seen[-1]
        assert seen == sorted(range(1, 7), reverse=newest_first)


def test_a_suggestion_says_what_in_the_mail_points_there(office: Office) -> None:
    mail_id = unmatched(office, text=f"Lamp of {OTHERS} broke, parcel TRK777701.")

    with signed_in(office) as visitor:
        page = visitor.get(f"/triage/{mail_id}").text

    assert "The text names the order, not its member" in page
    assert "The text has the tracking number of its package" in page
    assert "The sender&#39;s address is on file for it" in page


@pytest.mark.parametrize("role", SEES)
def test_who_only_reads_sees_the_mail_and_changes_nothing(
    office: Office, role: StaffRole
) -> None:
    mail_id = unmatched(office)

    with signed_in(office, role) as visitor:
        page = visitor.get(f"/triage/{mail_id}")
        refused = [
            visitor.post(f"/triage/{mail_id}/{act}").status_code
            for act in (
                "assign", "join", "split", "confirm", "dismiss", "copy", "restore",
                "undo",
            )
        ]  # fmt: skip
        refused.append(visitor.post("/triage/merge").status_code)

    assert page.status_code == 200
    assert '<form method="post" action="/triage' not in page.text
    assert set(refused) == {403}
    assert office.fate(mail_id) == "cannot_match"


def test_an_assigned_mail_opens_its_claim_ten_seconds_later(office: Office) -> None:
    mail_id = unmatched(office)

    with signed_in(office, StaffRole.AGENT) as visitor:
        seen = seen_at(visitor, f"/triage/{mail_id}")
        visitor.post(f"/triage/{mail_id}/assign", order=FIRST, seen=seen)
        before = office.fate(mail_id)
        again = visitor.post(f"/triage/{mail_id}/assign", order=SECOND, seen=seen)
        pass_ten_seconds(office)
        late = visitor.post(f"/triage/{mail_id}/undo")
        page = visitor.get(late.headers["location"]).text

    assert before == "cannot_match"
    assert again.status_code == 409
    assert "somebody has begun that already" in again.text.casefold()
    assert office.fate(mail_id) == "claim"
    assert [one.order_number for one in claims(office)] == [FIRST]
    assert Event.MAIL_ASSIGNED in events(office)
    assert "Too late" in page


def test_an_assignment_that_is_undone_in_time_never_happens(office: Office) -> None:
    mail_id = unmatched(office)

    with signed_in(office) as visitor:
        seen = seen_at(visitor, f"/triage/{mail_id}")
        visitor.post(f"/triage/{mail_id}/assign", order=FIRST, seen=seen)
        visitor.post(f"/triage/{mail_id}/undo")
        pass_ten_seconds(office)

    assert office.fate(mail_id) == "cannot_match"
    assert claims(office) == []
    assert office.kinds == ["cannot_match"]


def test_what_was_typed_stays_where_an_order_is_unknown(office: Office) -> None:
    mail_id = unmatched(office)

    with signed_in(office) as visitor:
        seen = seen_at(visitor, f"/triage/{mail_id}")
        refused = visitor.post(f"/triage/{mail_id}/assign", order="ORD-9", seen=seen)

    assert refused.status_code == 409
    assert "There is no order ORD-9" in refused.text


def test_a_mail_that_a_colleague_settled_meanwhile_is_not_placed(
    office: Office,
) -> None:
    mail_id = unmatched(office)

    with signed_in(office) as visitor:
        seen = seen_at(visitor, f"/triage/{mail_id}")
        visitor.post(f"/triage/{mail_id}/dismiss", seen=seen)
        stale = visitor.post(f"/triage/{mail_id}/assign", order=FIRST, seen=seen)

    assert stale.status_code == 409
    assert "was faster" in stale.text
    assert claims(office) == []


def test_what_came_within_the_ten_seconds_stops_the_placement_and_is_told(
    office: Office,
) -> None:
    mail_id = unmatched(office)

    with signed_in(office) as visitor:
        seen = seen_at(visitor, f"/triage/{mail_id}")
        visitor.post(f"/triage/{mail_id}/assign", order=FIRST, seen=seen)
        office.parts.desk.people.disable(
            a_person(office, "kim", StaffRole.LEAD).person_id
        )
        with office.store.transaction() as work:
            work.dismiss_mail(mail_id, by="kim")
        pass_ten_seconds(office)
        page = visitor.get(f"/triage/{mail_id}").text

    assert office.fate(mail_id) == "not_a_claim"
    assert "Not done:" in page


def test_a_members_mail_joins_the_claim_that_was_chosen(office: Office) -> None:
    office.deliver(make_claim_mail())
    mail_id = unmatched(office)

    with signed_in(office) as visitor:
        seen = seen_at(visitor, f"/triage/{mail_id}")
        visitor.post(f"/triage/{mail_id}/join", claim="CLM-000001", seen=seen)
        pass_ten_seconds(office)

    assert office.fate(mail_id) == "follow_up"
    assert office.store.mails.get(mail_id).claim_id == 1


def test_a_stranger_never_joins_a_members_claim(office: Office) -> None:
    office.deliver(make_claim_mail())
    mail_id = unmatched(office, sender=STRANGER)

    with signed_in(office) as visitor:
        seen = seen_at(visitor, f"/triage/{mail_id}")
        refused = visitor.post(f"/triage/{mail_id}/join", claim="1", seen=seen)

    assert refused.status_code == 409
    assert "is not proven to be the member" in refused.text


def test_a_dismissed_mail_is_put_back_with_a_line_of_history_each(
    office: Office,
) -> None:
    mail_id = unmatched(office)

    with signed_in(office, StaffRole.AGENT) as visitor:
        seen = seen_at(visitor, f"/triage/{mail_id}")
        done = visitor.post(f"/triage/{mail_id}/dismiss", seen=seen)
        dismissed = office.fate(mail_id)
        twice = visitor.post(f"/triage/{mail_id}/dismiss", seen=seen)
        empty = visitor.get("/triage").text
        visitor.post(f"/triage/{mail_id}/restore")

    assert done.status_code == twice.status_code == 303
    assert dismissed == "not_a_claim"
    assert "was faster" in empty
    assert office.fate(mail_id) == "cannot_match"
    told = [one.action for one in office.parts.desk.triage.history(mail_id)]
    assert told == ["mail_dismissed", "mail_restored"]


def test_a_copy_is_one_of_an_earlier_mail_only(office: Office) -> None:
    first, second = unmatched(office, 1), unmatched(office, 2)

    with signed_in(office) as visitor:
        seen = seen_at(visitor, f"/triage/{first}")
        refused = visitor.post(f"/triage/{first}/copy", of=str(second), seen=seen)
        visitor.post(f"/triage/{second}/copy", of=str(first), seen=seen)
        copied = office.fate(second)
        visitor.post(f"/triage/{second}/restore")

    assert refused.status_code == 409
    assert "whose receipt would be lost" in refused.text
    assert copied == "duplicate"
    assert office.fate(second) == "cannot_match"


def test_a_held_claim_is_released_with_a_reason_ten_seconds_later(
    office: Office,
) -> None:
    mail_id = held(office)

    with signed_in(office, StaffRole.AGENT) as visitor:
        seen = seen_at(visitor, f"/triage/{mail_id}")
        silent = visitor.post(f"/triage/{mail_id}/confirm", seen=seen, reason=" ")
        visitor.post(f"/triage/{mail_id}/confirm", seen=seen, reason="called back")
        before = office.state()
        pass_ten_seconds(office)

    assert silent.status_code == 409
    assert before is ClaimState.IDENTITY_HOLD
    assert office.state() is ClaimState.UNDER_REVIEW
    assert office.parts.desk.triage.counts()[Waits.HELD] == 0


def test_a_held_claim_is_closed_as_none_and_held_again(office: Office) -> None:
    mail_id = held(office)
    sent = list(office.kinds)

    with signed_in(office) as visitor:
        text = visitor.get("/triage").text
        seen = text.split('name="seen" value="', 1)[1].split('"', 1)[0]
        visitor.post(f"/triage/{mail_id}/dismiss", seen=seen)
        closed, waiting = office.state(), office.parts.desk.triage.counts()[Waits.HELD]
        visitor.post(f"/triage/{mail_id}/restore")

    assert closed is ClaimState.NOT_A_CLAIM
    assert waiting == 0
    assert office.state() is ClaimState.IDENTITY_HOLD
    assert office.fate(mail_id) == "identity_hold"
    assert events(office)[-2:] == [Event.DISMISSED, Event.RESTORED]
    assert office.kinds == sent


def test_EX_77_a_mail_of_two_orders_is_split_by_one_click(office: Office) -> None:
    mail_id = several(office)
    assert office.parts.desk.triage.counts()[Waits.SEVERAL_ORDERS] == 1

    with signed_in(office) as visitor:
        seen = seen_at(visitor, f"/triage/{mail_id}")
        visitor.post(f"/triage/{mail_id}/split", order=[SECOND], seen=seen)
        pass_ten_seconds(office)

    assert {one.order_number for one in claims(office)} == {FIRST, SECOND}
    assert office.parts.desk.triage.counts()[Waits.SEVERAL_ORDERS] == 0
    assert Event.SPLIT_OFF in events(office, 2)


def test_what_was_noticed_is_settled_and_stands_again(office: Office) -> None:
    mail_id = several(office)

    with signed_in(office) as visitor:
        seen = seen_at(visitor, f"/triage/{mail_id}")
        visitor.post(f"/triage/{mail_id}/dismiss", seen=seen)
        settled = office.parts.desk.triage.counts()[Waits.SEVERAL_ORDERS]
        visitor.post(f"/triage/{mail_id}/restore")

    assert settled == 0
    assert office.parts.desk.triage.counts()[Waits.SEVERAL_ORDERS] == 1


def test_T8_two_claims_are_compared_and_merged_unless_it_is_undone(
    office: Office,
) -> None:
    office.deliver(make_claim_mail())
    held(office)

    with signed_in(office) as visitor:
        path = "/triage/merge?claim=2&into=1"
        page = visitor.get(path).text
        seen = seen_at(visitor, path)
        visitor.post("/triage/merge", claim="2", into="1", seen=seen)
        visitor.post("/triage/merge/2/undo")
        pass_ten_seconds(office)
        undone = office.store.claims.get(2)
        visitor.post("/triage/merge", claim="2", into="1", seen=seen)
        pass_ten_seconds(office)
        merged = office.store.claims.get(2)

    assert "This one ends" in page
    assert undone is not None
    assert undone.state is ClaimState.IDENTITY_HOLD
    assert merged is not None
    assert merged.state is ClaimState.MERGED


def test_a_mail_is_handed_over_as_it_came_and_shows_nothing(office: Office) -> None:
    raw = make_claim_mail(subject="hi <script>alert(1)</script>", files=[], text="<b>x")
    mail_id = office.deliver(raw)

    with signed_in(office) as visitor:
        page = visitor.get(f"/triage/{mail_id}").text
        given = visitor.get(f"/triage/{mail_id}/raw")

    assert "<script>alert(1)" not in page
    assert "&lt;b&gt;x" in page
    assert given.content == raw
    assert given.headers["content-disposition"].startswith("attachment")
    assert given.headers["content-type"] == "application/octet-stream"


def test_nobody_comes_in_without_signing_in(office: Office) -> None:
    unmatched(office)

    with a_visitor(office) as visitor:
        answers = [visitor.get(path) for path in ("/triage", "/triage/1/raw")]

    assert all(one.headers["location"].startswith("/sign-in") for one in answers)
