"""Writing to a member: what is edited, what is refused, and nothing is ever lost."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from tests.desk.claims import (
    RECEIVED,
    a_damage,
    a_follow_up,
    a_late,
    a_loss,
    fields_of,
    reply,
)
from tests.desk.visitors import signed_in
from tests.office import Office
from worker.adapters.mime import parse
from worker.domain.claim import ClaimState, Event
from worker.domain.clauses import CLAUSES, ClauseId
from worker.domain.staff import StaffRole

S = ClaimState
HOSTILE = "</textarea><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}"


@pytest.fixture
def damage(tmp_path: Path) -> Iterator[Office]:
    with a_damage(tmp_path / "damage") as office:
        yield office


@pytest.fixture
def loss(tmp_path: Path) -> Iterator[Office]:
    with a_loss(tmp_path / "loss") as office:
        yield office


def last_text(office: Office) -> str:
    return " ".join(parse(office.emails[-1].raw).text.split())


def test_the_draft_is_loaded_with_what_is_still_to_fill_in(damage: Office) -> None:
    with signed_in(damage) as mei:
        page = mei.get("/claims/1")

    assert fields_of(page)["kind"] == "approve"
    assert fields_of(page)["body"] == "[why this amount]"
    assert "<mark>[why this amount]</mark>" in page.text
    assert "[#CLM-000001]" in page.text


def test_a_placeholder_stops_the_reply_and_the_text_is_kept(damage: Office) -> None:
    with signed_in(damage) as mei:
        typed = "We pay for [what broke], gladly."
        refused = reply(mei, "send", body=typed, amount="80.00")
        again = mei.get("/claims/1")

    assert refused.status_code == 409
    assert "fill in [what broke], or take it out" in refused.text
    assert typed in refused.text
    assert fields_of(again)["body"] == typed
    assert damage.state() is S.UNDER_REVIEW


def test_an_approval_says_the_words_and_the_amount_of_the_form(damage: Office) -> None:
    with signed_in(damage) as mei:
        sent = reply(mei, "send", body="The lid is broken.", amount="80.00")
        damage.run_again()

    assert sent.status_code == 303
    assert damage.state() is S.APPROVED_PARTIAL
    assert damage.kinds == ["received", "approved"]
    assert "The lid is broken." in last_text(damage)
    assert "You will receive 80.00 USD" in last_text(damage)
    assert damage.parts.desk.writing.edit_of(1) is None


@pytest.mark.parametrize(
    "body",
    ["We pay you 95.00 USD.", "You will receive $95.00.", "Es sind 95,00 USD."],
)
def test_a_text_that_names_another_amount_is_refused(damage: Office, body: str) -> None:
    with signed_in(damage) as mei:
        refused = reply(mei, "send", body=body, amount="80.00")

    assert refused.status_code == 409
    assert "the text names 95.00 USD, but the decision is 80.00 USD" in refused.text
    assert damage.parts.desk.writing.pending_of(1) is None


def test_a_text_may_explain_amounts_that_the_record_knows(damage: Office) -> None:
    with signed_in(damage) as mei:
        body = "The set cost 200.00 USD, and 80.00 USD of it broke."
        sent = reply(mei, "send", body=body, amount="80.00")

    assert sent.status_code == 303


def test_a_known_amount_where_the_granted_one_belongs_is_refused(
    damage: Office,
) -> None:
    with signed_in(damage) as mei:
        body = "You will receive 200.00 USD."
        refused = reply(mei, "send", body=body, amount="80.00")

    assert refused.status_code == 409
    assert "does not say for certain that 80.00 USD" in refused.text


def test_a_rejection_quotes_no_clause_that_it_does_not_rely_on(tmp_path: Path) -> None:
    quoted = f"Clause X5 says: “{CLAUSES[ClauseId('X5')].text}”"
    with a_late(tmp_path / "late") as office, signed_in(office) as mei:
        refused = reply(mei, "send", clauses="C11", body=quoted)
        bare = reply(mei, "send", body="Too late.")
        sent = reply(mei, "send", clauses="C11", body="You wrote after a day.")
        office.run_again()

        assert "quotes clause X5" in refused.text
        assert "tick the clause" in bare.text
        assert sent.status_code == 303
        assert office.state() is S.COMPLETED_REJECTED
        assert "You wrote after a day." in last_text(office)


def test_asking_sends_what_is_asked_and_waits_for_the_member(damage: Office) -> None:
    with signed_in(damage, StaffRole.AGENT) as jo:
        reply(jo, "choose:ask", body="[why this amount]")
        chosen = fields_of(jo.get("/claims/1"))
        body = chosen["body"].replace("[what is missing]", "a photograph of the lid")
        reply(jo, "send", body=body)
        damage.run_again()

    assert chosen["kind"] == "ask"
    assert damage.state() is S.AWAITING_MEMBER
    assert "Please send us a photograph of the lid" in last_text(damage)


def test_a_reply_that_decides_nothing_promises_nothing(damage: Office) -> None:
    with signed_in(damage) as mei:
        body = "We have approved your claim. You will receive 80.00 USD."
        refused = reply(mei, "send", kind="respond", body=body)

    assert "the text reads as an approval" in refused.text


def test_another_choice_keeps_what_was_typed(damage: Office) -> None:
    with signed_in(damage) as mei:
        reply(mei, "choose:respond", body="I typed this.")
        page = fields_of(mei.get("/claims/1"))

    assert (page["kind"], page["body"]) == ("respond", "I typed this.")


def test_a_clause_and_a_saved_reply_are_put_behind_the_text(tmp_path: Path) -> None:
    with a_damage(tmp_path / "de", locale="de") as office, signed_in(office) as mei:
        reply(mei, "quote:G8", body="Guten Tag.")
        quoted = fields_of(mei.get("/claims/1"))["body"]
        reply(mei, "insert:part")
        both = fields_of(mei.get("/claims/1"))["body"]

    assert quoted == (
        "Guten Tag.\n\nKlausel G8 lautet (auf Englisch): "
        f"“{CLAUSES[ClauseId('G8')].text}”"
    )
    assert both.startswith(quoted)
    assert "[what is not accepted]" in both


def test_the_preview_is_what_is_sent(loss: Office) -> None:
    with signed_in(loss) as mei:
        reply(mei, "save", body="It was a fine vase.", amount="")
        text = mei.get("/claims/1/reply/preview?part=text")
        html = mei.get("/claims/1/reply/preview")
        reply(mei, "send")
        loss.run_again()

    assert "script-src" not in html.headers["content-security-policy"]
    assert "sandbox" in html.headers["content-security-policy"]
    assert "It was a fine vase." in html.text
    shown = text.text.split("\n\n", 1)[1]
    assert shown.split() == parse(loss.emails[-1].raw).text.split()


def test_the_preview_shows_what_is_not_filled_in_yet(damage: Office) -> None:
    with signed_in(damage) as mei:
        shown = mei.get("/claims/1/reply/preview?part=text").text

    assert "You will receive [amount]." in shown
    assert "[why this amount]" in shown


def test_the_text_is_saved_by_itself_and_says_so(damage: Office) -> None:
    with signed_in(damage) as mei:
        answer = reply(mei, "autosave", body="Half a sen", amount="12.00")
        page = mei.get("/claims/1")

    assert "Saved" in answer.text
    assert "<html" not in answer.text
    assert fields_of(page)["body"] == "Half a sen"
    assert 'name="amount" value="12.00"' in page.text


def test_nobody_writes_over_what_somebody_else_wrote(damage: Office) -> None:
    with signed_in(damage) as mei, signed_in(damage, name="kim") as kim:
        hers = fields_of(kim.get("/claims/1"))
        reply(mei, "autosave", body="Mei's words.")
        mine = {**hers, "body": "Kim's words.", "amount": "80.00"}
        refused = kim.post("/claims/1/reply", **mine, do="send")
        kept = fields_of(mei.get("/claims/1"))["body"]

    assert refused.status_code == 409
    assert "mei has written a reply here" in refused.text
    assert "Kim&#39;s words." in refused.text
    assert kept == "Mei's words."


def test_what_came_since_the_page_was_loaded_stops_the_reply(damage: Office) -> None:
    with signed_in(damage) as mei:
        old = fields_of(mei.get("/claims/1"))
        damage.deliver(a_follow_up())
        typed = {**old, "body": "The lid.", "amount": "80.00"}
        refused = mei.post("/claims/1/reply", **typed, do="send")
        fresh = fields_of(refused)
        sent = mei.post("/claims/1/reply", **{**typed, **fresh}, do="send")

    assert refused.status_code == 409
    assert "something came to CLM-000001" in refused.text
    assert "mail joined" in refused.text
    assert fresh["body"] == "The lid."
    assert sent.status_code == 303


def test_hostile_text_shows_as_text(damage: Office) -> None:
    with signed_in(damage) as mei:
        reply(mei, "save", body=HOSTILE)
        mei.post("/claims/1/remarks", text=HOSTILE)
        page = mei.get("/claims/1").text
        html = mei.get("/claims/1/reply/preview").text

    for shown in (page, html):
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
    assert fields_of_body(page) == HOSTILE


def fields_of_body(page: str) -> str:
    begin = page.index('id="reply-body"')
    start = page.index(">", begin) + 1
    return unescape(page[start : page.index("</textarea>", start)])


def test_notes_stay_with_who_and_when(damage: Office) -> None:
    with signed_in(damage, StaffRole.AGENT, name="jo") as jo:
        kept = jo.post("/claims/1/remarks", text="Called the carrier.\n@mei: look")
        empty = jo.post("/claims/1/remarks", text="  ")
        page = jo.get("/claims/1")

    assert kept.headers["location"] == "/claims/1#remarks"
    assert empty.status_code == 303
    (remark,) = damage.parts.desk.remarks.of(1)
    assert (remark.by, remark.at) == ("jo", damage.clock.at)
    assert "Called the carrier." in page.text
    assert Event.STATUS_SENT not in [e.event for e in damage.store.claims.events(1)]


def test_others_at_the_claim_are_named_until_they_leave(damage: Office) -> None:
    with signed_in(damage) as mei, signed_in(damage, name="kim") as kim:
        kim.post("/claims/1/presence", doing="writing")
        seen = mei.get("/claims/1").text
        kim.post("/claims/1/presence", doing="leaving")
        gone = mei.post("/claims/1/presence", doing="reading").text

    assert "<strong>kim</strong> is writing a reply" in seen
    assert "kim" not in gone


def test_a_page_that_is_out_of_date_is_told_so(damage: Office) -> None:
    with signed_in(damage) as mei:
        old = fields_of(mei.get("/claims/1"))
        seen = {"version": old["version"], "events": old["events"]}
        same = mei.post("/claims/1/presence", **seen).text
        damage.deliver(a_follow_up(RECEIVED))
        other = mei.post("/claims/1/presence", **seen).text

    assert "Something came" not in same
    assert "Something came to this claim" in other


@pytest.mark.parametrize("role", [StaffRole.VIEWER, StaffRole.OPERATOR])
def test_who_only_reads_writes_nothing(damage: Office, role: StaffRole) -> None:
    with signed_in(damage, role, name="vi") as vi:
        page = vi.get("/claims/1")
        tried = [
            vi.post("/claims/1/reply", kind="respond", version=1, events=1, do="save"),
            vi.post("/claims/1/reply/undo"),
            vi.post("/claims/1/remarks", text="Hello."),
            vi.post("/claims/1/assign", to="vi"),
            vi.post("/claims/1/do/stop", reason="x"),
        ]

    assert "data-reply" not in page.text
    assert [one.status_code for one in tried] == [403] * len(tried)


def test_a_claim_is_given_to_who_works_on_claims_only(damage: Office) -> None:
    with signed_in(damage) as mei, signed_in(damage, StaffRole.VIEWER, name="vi"):
        version = damage.claim.version
        given = mei.post("/claims/1/assign", to="mei")
        refused = mei.post("/claims/1/assign", to="vi")
        page = mei.get("/claims/1").text

    assert given.status_code == 303
    assert refused.status_code == 409
    assert "<strong>mei</strong> has this claim" in page
    assert damage.parts.desk.assignments.of(1) == "mei"
    assert damage.claim.version == version
