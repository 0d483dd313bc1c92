"""Everything that agents and leads can do on the page of a claim, by its own form."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from tests.builders_mail import claim_files, make_claim_mail
from tests.desk.acting import DEED, Stage, goes_out, press, said
from tests.desk.claims import (
    DELIVERED,
    LOST,
    RECEIVED,
    a_follow_up,
    an_order_of,
)
from tests.office import Office
from worker.domain.orders import Order
from worker.domain.staff import StaffRole

AGENT, LEAD = StaffRole.AGENT, StaffRole.LEAD
DAY = timedelta(days=1)
HERE = "/claims/{claim_id}"


def walk_a_claim(stage: Stage) -> None:
    office = stage.office
    office.deliver(make_claim_mail())
    page = stage.enter("jo", AGENT)
    stage.go(page, "/claims/1")
    press(page, "Assign to me")
    expect(page.locator("#decide")).to_contain_text("jo has this claim.")
    page.get_by_label("Note for colleagues").fill("The lid?")
    press(page, "Keep the note")
    expect(page.locator("#remarks")).to_contain_text("The lid?")
    page.get_by_text("Set a flag", exact=True).click()
    page.get_by_label("Clause", exact=True).select_option("X2")
    page.get_by_label("What was seen, and where").fill("A crack from inside.")
    press(page, "Set the flag")
    said(page, "Flag X2 is set.")
    page.locator("#clear-X2").fill("An old crack.")
    press(page, "Clear X2")
    said(page, "Flag X2 is cleared.")
    stage.do(page, 1, "carrier", reason="a trace")
    stage.do(page, 1, "carrier-answered", reason="dropped")
    stage.do(page, 1, "type", kind="partial_loss")
    write(stage, page)

    office.deliver(a_follow_up())
    office.run_again()
    stage.go(page, "/claims/1")
    press(page, "I have read it")
    expect(page.get_by_text("Not sent.")).to_have_count(0)
    stage.do(page, 1, "withdraw", reason="It turned up.")


def walk_a_reply(stage: Stage) -> None:
    stage.office.deliver(make_claim_mail())
    page = stage.enter("jo", AGENT)
    write(stage, page)
    stage.office.run_again()
    stage.go(page, "/claims/1")
    expect(page.locator("#mails")).to_contain_text("We look this week.")


def write(stage: Stage, page: Page) -> None:
    """Use each button of the reply, and let it begin to go out."""
    stage.go(page, "/claims/1")
    press(page, "Say where it stands")
    body = page.locator("#reply-body")
    page.locator(".helps summary", has_text="Saved replies").click()
    page.locator(".picks button").first.click()
    expect(body).not_to_have_value("")
    body.fill("We look.")
    page.locator(".helps summary", has_text="Quote a clause").click()
    page.locator(".clauses button").first.click()
    expect(body).to_contain_text("We look.\n\n")
    body.fill("We look this week.")
    press(page, "Save")
    expect(page.get_by_role("button", name="Back to the draft")).to_be_visible()
    press(page, "Back to the draft")
    said(page, "The draft is back.")
    press(page, "Say where it stands")
    body.fill("We look this week.")
    press(page, "Send")
    expect(page.locator(".pending")).to_contain_text("Goes out in a moment")
    press(page, "Undo")
    said(page, "Taken back")
    press(page, "Send")
    expect(page.locator(".pending")).to_contain_text("Goes out in a moment")


def walk_a_payment(stage: Stage) -> None:
    office = stage.office
    office.deliver(make_claim_mail(text=LOST, files=claim_files()[:2]))
    jo, mei = stage.enter("jo", AGENT), stage.enter("mei", LEAD)
    propose(stage, jo)
    stage.do(mei, 1, "return", reason="Which vase?")
    propose(stage, jo)
    stage.go(mei, "/claims/1")
    press(mei, "Approve and send")
    goes_out(stage, mei)
    stage.do(mei, 1, "pay")
    stage.do(mei, 1, "payment-failed", problem="details_missing")
    stage.do(mei, 1, "pay-again")
    stage.do(mei, 1, "complete", reference="PAY-881")


def propose(stage: Stage, page: Page) -> None:
    stage.go(page, "/claims/1")
    page.locator("#reply-body").fill("It is lost.")
    press(page, "Propose to a second person")
    said(page, "Proposed: it waits for a second person")


def walk_a_rejection(stage: Stage) -> None:
    office = stage.office
    office.deliver(late())
    mei, kim = stage.enter("mei", LEAD), stage.enter("kim", LEAD)
    stage.go(mei, "/claims/1")
    mei.get_by_role("checkbox", name="C11").check()
    press(mei, "Reject and send")
    goes_out(stage, mei)
    stage.do(mei, 1, "appeal", reason="The courier was late.")
    stage.do(kim, 1, "take-appeal")


def walk_a_late_claim(stage: Stage) -> None:
    stage.office.deliver(late())
    page = stage.enter("mei", LEAD)
    stage.do(page, 1, "stop", reason="Sanctions?")
    stage.do(page, 1, "resume", reason="None.")
    stage.do(page, 1, "overrule", reason="The courier was late.")


def late() -> bytes:
    return make_claim_mail(received_at=DELIVERED + timedelta(days=1, seconds=1))


def walk_missing_documents(stage: Stage) -> None:
    office = stage.office
    office.deliver(make_claim_mail(files=claim_files()[2:]))
    page = stage.enter("jo", AGENT)
    stage.do(page, 1, "waive", document="D1", reason="The shop is closed.")
    for days in (4, 31):
        office.wait_until(RECEIVED + days * DAY)
    page = stage.enter("jo", AGENT)
    stage.do(page, 1, "close")


def walk_packages_and_strangers(stage: Stage) -> None:
    office = stage.office
    office.deliver(about("TRK000001", sender="Lena H <lena@other.example>"))
    page = stage.enter("mei", LEAD)
    stage.do(page, 1, "confirm", reason="Called back.")
    stage.do(page, 1, "package", package="2")
    office.deliver(about("TRK000001", headers=[("Message-ID", "<2@mail.example>")]))
    hold(office)
    stage.do(page, 1, "release", email=email_of(office, 1))
    stage.do(page, 2, "discard", email=email_of(office, 2), reason="Sent by hand.")
    stage.do(page, 2, "merge", into="CLM-000001")


def about(tracking: str, **changes: object) -> bytes:
    text = f"The tea set in the parcel {tracking} came broken."
    return make_claim_mail(text=text, **changes)  # type: ignore[arg-type]


def hold(office: Office) -> None:
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            "update emails set status = 'held', held_reason = 'breaker'"
            " where kind = 'received'"
        )


def email_of(office: Office, claim_id: int) -> str:
    held = [one for one in office.emails if one.status == "held"]
    return str(next(one.email_id for one in held if one.claim_id == claim_id))


def two_packages() -> Order:
    order = an_order_of("200.00", is_lost=False)
    (package,) = order.packages
    pair = (
        dataclasses.replace(package, package_id="1", tracking_number="TRK000001"),
        dataclasses.replace(package, package_id="2", tracking_number="TRK000002"),
    )
    return dataclasses.replace(order, packages=pair)


def deeds(*keys: str) -> tuple[str, ...]:
    return tuple(f"{DEED} {key}" for key in keys)


def reply(*buttons: str) -> tuple[str, ...]:
    return tuple(f"{HERE}/reply {button}" for button in buttons)


BROKEN = an_order_of("200.00", is_lost=False)
GONE = an_order_of("200.00", is_lost=True)
WALKS: tuple[tuple[Callable[[Stage], None], Order, tuple[str, ...]], ...] = (
    (
        walk_a_claim,
        BROKEN,
        (
            f"{HERE}/assign",
            f"{HERE}/remarks",
            f"{HERE}/presence",
            "/claims/{claim_id:int}/flags",
            "/claims/{claim_id:int}/flags/clear",
            f"{HERE}/reply/undo",
            f"{HERE}/reply/drop",
            f"{HERE}/reply/read",
            *reply("choose", "insert", "quote", "save", "send"),
            *deeds("carrier", "carrier-answered", "type", "withdraw"),
        ),
    ),
    (walk_a_reply, BROKEN, reply("send")),
    (
        walk_a_payment,
        GONE,
        (
            *reply("propose", "send"),
            *deeds("return", "pay", "payment-failed", "pay-again", "complete"),
        ),
    ),
    (walk_a_rejection, BROKEN, deeds("appeal", "take-appeal")),
    (walk_a_late_claim, BROKEN, deeds("stop", "resume", "overrule")),
    (walk_missing_documents, BROKEN, deeds("waive", "close")),
    (
        walk_packages_and_strangers,
        two_packages(),
        deeds("confirm", "package", "release", "discard", "merge"),
    ),
)
"""Each walk, the order that it is about, and what it drives."""
