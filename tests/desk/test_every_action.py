"""Everything that staff and operators can do, done in a browser by its own button.

Each walk names what it drives; together they are all routes that change something, and
a new one fails here until a walk drives it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.builders import an_order
from tests.builders_mail import make_claim_mail
from tests.desk import walks_on_claims
from tests.desk.acting import Actions, Stage, Way, a_stage, press, said
from tests.desk.claims_made import LENA, LUCIA, add_claims, deliver, directory
from tests.desk.test_triage import held, orders, several, unmatched
from tests.desk.visitors import PASSWORD, a_person
from tests.flow.test_operating import park
from tests.office import Office, an_office
from worker.adapters.store.points_entries import Holder
from worker.desk.app import create_app
from worker.domain.orders import Order
from worker.domain.staff import StaffRole

AGENT, LEAD = StaffRole.AGENT, StaffRole.LEAD
OPERATOR, ADMIN = StaffRole.OPERATOR, StaffRole.ADMIN
ANOTHER = "a much longer sentence than before"
pytestmark = pytest.mark.timeout(300)


def walk_the_list(stage: Stage) -> None:
    deliver(stage.office, (LENA, LUCIA))
    page = stage.enter("jo", AGENT)
    stage.go(page, "/claims")
    page.get_by_label("Select CLM-000001").check()
    press(page, "Assign to me")
    said(page, "CLM-000001 assigned to jo.")
    press(page, "Undo")
    said(page, "Undone for 1 of 1 claim.")
    for tick in ("CLM-000001", "CLM-000002"):
        page.get_by_label(f"Select {tick}").check()
    page.get_by_role("button", name="Remind").click()
    expect(page.locator("h1")).to_have_text("1 of 2 members reminded")
    page.get_by_role("link", name="Back to the list").click()
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Type").select_option("damage")
    press(page, "Filter")
    page.locator(".filters summary").click()
    page.get_by_label("Keep this list as").fill("Broken goods")
    press(page, "Keep")
    said(page, "The view is kept.")
    press(page, "Delete the view Broken goods")
    said(page, "The view is deleted.")
    add_claims(stage.office, 51)
    page.get_by_label("Search claims").fill("M2000007")
    page.get_by_label("Search claims").press("Enter")
    expect(page.locator("tr[data-open]")).to_have_count(1)
    page.get_by_role("link", name="End the search").click()
    page.get_by_role("link", name="Next 50").click()
    expect(page.locator("tr[data-open]")).to_have_count(3)


def walk_every_tab(stage: Stage) -> None:
    deliver(stage.office, (LENA, LUCIA))
    park(stage.office)
    page = stage.enter("ada", ADMIN)
    current = page.locator("main nav.tabs a[aria-current=page]")
    for path in ("/claims", "/triage", "/operations", "/figures"):
        stage.go(page, path)
        links = page.locator("main nav.tabs a").all()
        tabs = [one.get_attribute("href") for one in links]
        assert len(tabs) > 2, path
        for tab in tabs:
            page.locator(f'main nav.tabs a[href="{tab}"]').click()
            expect(current).to_have_attribute("href", str(tab))
            if tab == "/triage" != path:  # another page, with other tabs
                stage.go(page, path)
    sections = page.get_by_role("navigation", name="Sections")
    for name in sections.get_by_role("link").all_inner_texts():
        sections.get_by_role("link", name=name).click()
        expect(sections.locator("[aria-current=page]")).to_have_text(name)


def walk_triage(stage: Stage) -> None:
    office = stage.office
    office.deliver(make_claim_mail())
    split, first, copied = several(office), unmatched(office, 1), unmatched(office, 2)
    stranger = held(office, subject=f"M104233+{orders()[1].order_number}+Claim")
    beside = held(office)
    page = stage.enter("jo", AGENT)

    def at(mail: int) -> None:
        stage.go(page, f"/triage/{mail}")

    at(first)
    page.get_by_label("Order number").fill(orders()[1].order_number)
    press(page, "Assign to the order")
    press(page, "Undo")
    said(page, "Taken back: nothing happened.")
    at(first)
    page.get_by_label("Or a claim's number").fill("CLM-000001")
    press(page, "Join the claim")
    expect(page.locator(".to-come", has_text="Joins")).to_be_visible()
    at(split)
    press(page, "Open a claim for each")
    expect(page.get_by_role("status").first).to_be_visible()
    at(copied)
    page.get_by_label("Or a copy of an earlier mail").fill(str(first))
    press(page, "It is a copy")
    expect(page.get_by_role("status").first).to_be_visible()
    at(copied)
    press(page, "Put it back into triage")
    stage.go(page, "/triage")
    row = page.locator(f'[data-open="/triage/{copied}"]')
    row.get_by_role("button", name="No claim").click()
    said(page, f"Mail {copied} is no claim")
    at(stranger)
    page.get_by_label("How do you know").fill("called back")
    press(page, "It is the member")
    expect(page.locator(".to-come", has_text="Is released")).to_be_visible()
    at(beside)
    page.get_by_role("link", name="Compare and merge").click()
    page.get_by_role("button", name="Merge CLM-").click()
    press(page, "Undo")
    said(page, "Taken back: nothing happened.")


def walk_operations(stage: Stage) -> None:
    office = stage.office
    park(office, *(make_claim_mail(subject=f"mail {at}") for at in range(4)))
    with office.store.transaction() as work:
        work.raise_alert("mailbox_away", "INBOX")
    page = stage.enter("ruth", OPERATOR)
    stage.go(page, "/operations")
    press(page, "Pause the queue ocr")
    said(page, "Queue ocr rests.")
    press(page, "Resume the queue ocr")
    said(page, "Queue ocr runs again.")
    page.get_by_role("button", name="Dismiss").first.click()
    said(page, "The alert is dismissed.")
    boxes = page.locator("tbody input[name=job]")

    stage.go(page, "/operations/dead")
    boxes.first.check()
    press(page, "Try the chosen again")
    said(page, "1 dead letter tried again.")
    boxes.first.check()
    page.get_by_label("Why not").fill("spam")
    press(page, "Discard the chosen")
    said(page, "1 dead letter discarded.")
    page.get_by_label("Why not").fill("a test")
    press(page, "Discard all that match")
    said(page, "2 dead letters discarded.")
    park(office, make_claim_mail(subject="another"))  # and the one tried again
    stage.go(page, "/operations/dead")
    page.get_by_role("button", name="Try all 2 that match").click()
    said(page, "2 dead letters tried again.")


def walk_held_emails(stage: Stage) -> None:
    deliver(stage.office, (LENA, LUCIA))
    hold(stage.office)
    page = stage.enter("jo", AGENT)
    stage.go(page, "/operations/held")
    boxes = page.locator("tbody input[name=email]")
    boxes.first.check()
    press(page, "Send the chosen")
    said(page, "1 e-mail on its way.")
    boxes.first.check()
    page.get_by_label("Why not").fill("sent by hand")
    press(page, "Discard the chosen")
    said(page, "1 e-mail discarded.")


def hold(office: Office) -> None:
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            "update emails set status = 'held', held_reason = 'breaker'"
            " where kind in ('received', 'documents_missing')"
        )


def walk_points(stage: Stage) -> None:
    ledger = stage.office.parts.points
    for site in ("main", "eu"):
        ledger.verify(Holder("M104233", site))
    page = stage.enter("jo", AGENT)
    stage.go(page, "/points")
    page.get_by_label("Member id").fill("m104233")
    press(page, "Show points")
    page.get_by_role("link", name="eu").click()
    expect(page.locator("h1")).to_have_text("Points of M104233 on eu")


def walk_people(stage: Stage) -> None:
    people = stage.office.parts.desk.people
    mei = a_person(stage.office)
    people.set_totp(mei.person_id, "JBSWY3DPEHPK3PXP", used_step=1)
    page = stage.enter("ada", ADMIN)
    stage.go(page, "/people/tokens")
    page.get_by_label("Name").fill("dashboard")
    press(page, "Make token")
    expect(page.get_by_role("status")).to_contain_text("The token dashboard")
    stage.go(page, "/people/tokens")
    press(page, "Revoke dashboard")
    expect(page.locator("tbody")).to_contain_text("revoked")

    stage.go(page, "/people")
    page.get_by_label("Sign-in name").fill("kim")
    page.locator("[name=role][value=viewer]").check()
    press(page, "Add and show the first password")
    expect(page.locator("h1")).to_have_text("First password of kim")
    here = f"/people/{mei.person_id}"
    stage.go(page, here)
    press(page, "Forget the phone")
    said(page, "mei is asked for no code now.")
    page.locator("[name=role][value=agent]").check()
    press(page, "Change the role")
    said(page, "mei is agent now.")
    stage.office.parts.desk.sessions.begin(mei.person_id)
    stage.go(page, here)
    press(page, "Sign out everywhere")
    said(page, "mei is signed out everywhere.")
    press(page, "Disable")
    said(page, "mei cannot sign in any more.")
    press(page, "Enable")
    said(page, "mei can sign in again.")
    press(page, "New first password")
    expect(page.locator("h1")).to_have_text("First password of mei")


def walk_own_account(stage: Stage) -> None:
    office = stage.office
    a_person(office, "vi", StaffRole.VIEWER)
    page = stage.tab()
    sign_in(stage, page, PASSWORD)
    stage.enter("vi", StaffRole.VIEWER)
    stage.go(page, "/account")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    press(page, "Save")
    said(page, "Times are shown in Europe/Berlin now.")
    press(page, "Switch them off")
    said(page, "Shortcuts of single keys are off in this browser.")
    press(page, "Sign out there")
    said(page, "That browser is signed out.")

    page.get_by_role("link", name="Change the password").click()
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill(ANOTHER)
    page.get_by_label("New password again").fill(ANOTHER)
    press(page, "Change")
    said(page, "The password is changed")

    stage.go(page, "/account/phone")
    page.get_by_text("Or type the secret").click()
    secret = page.locator(".secret").inner_text().replace(" ", "")
    page.get_by_label("Password").fill(ANOTHER)
    code = pyotp.TOTP(secret).at(office.clock.at)
    page.get_by_role("textbox", name="Code").fill(code)
    press(page, "Turn codes on")
    expect(page.locator(".secrets li")).to_have_count(8)
    stage.go(page, "/account/phone")
    page.get_by_label("Password").fill(ANOTHER)
    press(page, "Make new recovery codes")
    expect(page.locator(".secrets li")).to_have_count(8)
    stage.go(page, "/account/phone")
    page.get_by_label("Password").fill(ANOTHER)
    press(page, "Turn codes off")
    said(page, "The sign-in asks for no code any more")
    press(page, "Sign out everywhere")
    page.wait_for_url("**/sign-in")
    sign_in(stage, page, ANOTHER)
    page.locator(".me summary").click()
    press(page, "Sign out")
    page.wait_for_url("**/sign-in")


def sign_in(stage: Stage, page: Page, password: str) -> None:
    stage.go(page, "/sign-in")
    page.get_by_label("Name").fill("vi")
    page.get_by_label("Password").fill(password)
    press(page, "Sign in")
    page.wait_for_url("**/claims")


@dataclass(frozen=True)
class Walk:
    """What people do at the desk, what that drives, and the orders that there are."""

    run: Callable[[Stage], None]
    drives: frozenset[str]
    orders: tuple[Order, ...]

    def __str__(self) -> str:
        return self.run.__name__


def a_walk(
    run: Callable[[Stage], None],
    *drives: str,
    under: str = "",
    about: tuple[Order, ...] = (an_order(),),
) -> Walk:
    return Walk(run, frozenset(f"{under}{one}" for one in drives), about)


TWO = directory((LENA, LUCIA))


WALKS = (
    a_walk(
        walk_the_list,
        "/assign",
        "/assign/undo",
        "/remind",
        "/views",
        "/views/{view_id}/delete",
        under="/claims",
        about=TWO,
    ),
    a_walk(walk_every_tab, about=TWO),
    *(
        Walk(run, frozenset(drives), (order,))
        for run, order, drives in walks_on_claims.WALKS
    ),
    a_walk(
        walk_triage,
        *(
            f"/{{mail_id:int}}/{do}"
            for do in (
                "assign", "join", "split", "confirm", "undo", "dismiss", "copy",
                "restore",
            )
        ),
        "/merge",
        "/merge/{claim_id:int}/undo",
        under="/triage",
        about=orders(),
    ),
    a_walk(
        walk_operations,
        "/queues/{queue}/pause",
        "/queues/{queue}/resume",
        "/alerts/{alert_id}/dismiss",
        *(f"/dead {do}" for do in ("requeue", "requeue_all", "discard", "discard_all")),
        under="/operations",
    ),
    a_walk(
        walk_held_emails, "release", "discard", under="/operations/held ", about=TWO
    ),
    a_walk(walk_points, "/points"),
    a_walk(
        walk_people,
        "",
        "/tokens",
        "/tokens/{token_id}/revoke",
        *(
            f"/{{person_id}}/{do}"
            for do in ("role", "password", "phone", "sessions", "disable", "enable")
        ),
        under="/people",
    ),
    a_walk(
        walk_own_account,
        "/sign-in",
        "/sign-out",
        "/account/zone",
        "/account/keys",
        "/account/sessions/end",
        "/account/sessions/end-all",
        "/account/password",
        "/account/phone",
        "/account/phone/codes",
        "/account/phone/off",
    ),
)  # fmt: skip


WAYS: dict[Callable[[Stage], None], tuple[Way, ...]] = {
    walk_the_list: (Way.PHONE, Way.NO_SCRIPTS),
    walk_every_tab: (Way.NO_SCRIPTS,),
    walk_triage: (Way.PHONE, Way.NO_SCRIPTS),
    walk_operations: (Way.PHONE, Way.NO_SCRIPTS),
    walk_own_account: (Way.PHONE,),
    walks_on_claims.walk_a_claim: (Way.PHONE,),
    walks_on_claims.walk_a_reply: (Way.NO_SCRIPTS,),
    walks_on_claims.walk_a_payment: (Way.NO_SCRIPTS,),
}
"""How each is walked, where not on a desktop with scripts."""


@pytest.mark.parametrize(
    ("walk", "way"),
    [
        pytest.param(walk, way, id=f"{walk} {way}")
        for walk in WALKS
        for way in WAYS.get(walk.run, (Way.DESKTOP,))
    ],
)
def test_people_do_it_by_its_button(
    tmp_path: Path, chromium: Browser, walk: Walk, way: Way
) -> None:
    with (
        an_office(tmp_path / "office", *walk.orders) as office,
        a_stage(office, chromium, way) as stage,
    ):
        walk.run(stage)

    assert walk.drives <= stage.done


def test_everything_that_can_be_done_is_done_in_a_walk(tmp_path: Path) -> None:
    done = frozenset[str]().union(*(walk.drives for walk in WALKS))

    with an_office(tmp_path / "office") as office:
        assert Actions(create_app(office.parts)).every == done
