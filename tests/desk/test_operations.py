"""The operations page: what it says, who may act, and what it costs."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, expect

from tests.builders import an_order
from tests.builders_mail import make_claim_mail
from tests.desk.browsers import a_served_desk, sign_in
from tests.desk.visitors import Visitor, a_person, signed_in
from tests.office import Office, an_office
from worker import operating
from worker.adapters.migrations import upgrade
from worker.adapters.store.job_figures import Ending
from worker.adapters.store.schema import ClaimEventRow, ClaimRow
from worker.desk import live
from worker.desk.panels import read_panels
from worker.domain.staff import StaffRole

OPERATOR, VIEWER = StaffRole.OPERATOR, StaffRole.VIEWER
BIG = ("jobs", "mails", "claims", "emails", "claim_events")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office", an_order()) as office:
        yield office


def execute(office: Office, *statements: str) -> None:
    with office.store.database.write() as session:
        for statement in statements:
            session.connection().exec_driver_sql(statement)


def seen(visitor: Visitor, path: str = "/operations") -> str:
    """The words of a page, with one blank between them."""
    answer = visitor.get(path)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def test_an_empty_office_is_told_what_to_do(office: Office) -> None:
    execute(office, "delete from mailboxes")

    with signed_in(office, OPERATOR) as visitor:
        words = seen(visitor)

    assert "Start claims serve" in words
    assert "No process is on record" in words
    assert "no worker is alive" in words
    assert "Dead letters 0" in words


def test_the_page_says_where_the_jobs_of_each_queue_stand(office: Office) -> None:
    office.deliver(make_claim_mail(), run=False)
    execute(
        office,
        "update jobs set state = 'ready', reason = 'smtp_451', transients = 2,"
        " attempts = 2, run_at_ms = 9000000000000 where kind = 'understand'",
    )

    with signed_in(office, VIEWER) as visitor:
        words = seen(visitor)

    assert "read busy Waiting 1 Running 0 Later 0 Dead 0" in words
    assert "understand idle Waiting 0 Running 0 Later 1 Dead 0" in words
    assert "try 3; refused 2 times; given up in 72 h" in words
    assert "Without a fate 1" in words


def test_the_page_says_how_jobs_went_by_kind(office: Office) -> None:
    tally = office.store.job_figures.tally
    for took_ms in (30, 40, 4000):
        tally.ended("send", "send", Ending.DONE, took_ms=took_ms, waited_ms=2)
    tally.ended("send", "send", Ending.FAILED, took_ms=40, waited_ms=2)
    office.store.job_figures.flush()

    with signed_in(office, VIEWER) as visitor:
        words = seen(visitor, "/operations?span=15m")

    assert "send send 0 3 1 0 40 ms 4.4 s 2 ms 2 ms" in words
    assert "3 done 1 failed" in words


@pytest.mark.parametrize("span", ["15m", "1h", "24h", "never heard of"])
def test_every_span_can_be_looked_at(office: Office, span: str) -> None:
    with signed_in(office, VIEWER) as visitor:
        assert "Queues" in seen(visitor, f"/operations?span={span}")


def test_the_forecast_shows_its_arithmetic(office: Office) -> None:
    office.deliver(make_claim_mail())
    with office.store.database.write() as session:
        session.execute(
            sa.update(ClaimRow).values(
                state="under_review",
                docs_complete_at=ClaimRow.received_at,
                deadline_at=office.clock.at + timedelta(hours=3),
            )
        )
        session.add_all(
            ClaimEventRow(
                claim_id=office.claim.claim_id,
                seq=seq,
                event="decision.approved",
                actor="mei",
                at=office.clock.at,
                state_after="approved",
            )
            for seq in range(100, 121)
        )

    with signed_in(office, VIEWER) as visitor:
        words = seen(visitor)

    assert "Late within 24 h 1 of 1 due" in words
    assert "21 ÷ 168 h = 0.12 an hour" in words  # one in eight hours
    assert "1 ÷ 0.12 an hour = 8 h, but it is due in 3 h" in words


def test_a_paused_queue_is_said_on_every_page_of_operators(office: Office) -> None:
    with signed_in(office, OPERATOR) as visitor:
        visitor.get("/operations")
        paused = visitor.post("/operations/queues/send/pause")
        elsewhere = seen(visitor, "/account/password")
        visitor.get("/operations")
        resumed = visitor.post("/operations/queues/send/resume")
        afterwards = seen(visitor, "/account/password")

    assert paused.headers["location"] == "/operations"
    assert "Queue send rests since" in elsewhere
    assert resumed.status_code == 303
    assert "rests since" not in afterwards


@pytest.mark.parametrize(
    "path",
    [
        "/operations/queues/send/pause",
        "/operations/queues/send/resume",
        "/operations/dead",
    ],
)
def test_who_only_looks_may_not_act(office: Office, path: str) -> None:
    with signed_in(office, VIEWER) as visitor:
        visitor.get("/operations")
        refused = visitor.post(path, do="requeue_all")
        words = seen(visitor)

    assert refused.status_code == 403
    assert "Pause" not in words
    assert office.parts.desk.paused.listed() == []


def test_a_queue_that_does_not_exist_is_refused_in_words(office: Office) -> None:
    with signed_in(office, OPERATOR) as visitor:
        visitor.get("/operations")
        refused = visitor.post("/operations/queues/sned/pause")

    assert refused.status_code == 409
    assert "There is no queue sned" in refused.text


HELD = (
    "update emails set status = 'held', held_reason = 'breaker' where kind = 'received'"
)


def hold(office: Office) -> int:
    """Hold the receipt of a claim; return its number."""
    execute(office, "insert into paused_queues values ('send', 'mei', '2026-11-18')")
    office.deliver(make_claim_mail())
    execute(office, HELD)
    execute(office, "delete from paused_queues")
    return 1


def test_a_held_email_is_sent_by_an_agent_and_only_looked_at_by_an_operator(
    office: Office,
) -> None:
    number = hold(office)

    with signed_in(office, OPERATOR, name="ruth") as visitor:
        looked_at = seen(visitor, "/operations/held")
        refused = visitor.post("/operations/held", do="release", email=number)
    with signed_in(office, StaffRole.AGENT) as visitor:
        visitor.get("/operations/held")
        released = visitor.post("/operations/held", do="release", email=number)
        words = seen(visitor, "/operations/held")
    office.run()

    assert "An agent or a lead sends or discards them" in looked_at
    assert refused.status_code == 403
    assert released.status_code == 303
    assert "1 e-mail on its way." in words
    assert "No e-mail is held. Good." in words
    assert len(office.relay.taken) == 1


def test_a_held_email_is_discarded_only_with_a_reason(office: Office) -> None:
    number = hold(office)

    with signed_in(office, StaffRole.AGENT) as visitor:
        visitor.get("/operations/held")
        refused = visitor.post("/operations/held", do="discard", email=number)
        visitor.post("/operations/held", do="discard", email=number, why="a loop")
        log = seen(visitor, "/operations/log")

    assert refused.status_code == 422
    assert "Say why" in refused.text
    assert 'value="1" checked' in refused.text
    assert office.store.outbox.get(number).status == "cancelled"
    assert "mei e-mail discarded email 1 a loop" in log


def statements_of_the_page(office: Office) -> list[tuple[str, object]]:
    """Return every query that the page asks, with its parameters."""
    asked: list[tuple[str, object]] = []

    def note(*told: object) -> None:
        asked.append((str(told[2]), told[3]))

    engine = office.store.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    with signed_in(office, OPERATOR) as visitor:
        asked.clear()
        for path in ("/operations", "/operations/dead?kind=read", "/operations/held"):
            assert visitor.get(path).status_code == 200
        assert visitor.get("/metrics", headers=TOKEN).status_code == 200
    sa.event.remove(engine, "before_cursor_execute", note)
    return asked


TOKEN = {"Authorization": "Bearer scrape"}


@pytest.mark.timeout(300)
def test_no_query_goes_through_a_whole_table(postgres: object, tmp_path: Path) -> None:
    url = postgres.database()  # type: ignore[attr-defined]
    upgrade(url)
    with an_office(
        tmp_path / "office", an_order(), database_url=url, metrics_token="scrape"
    ) as office:
        office.deliver(make_claim_mail())
        asked = statements_of_the_page(office)
        faults = []
        with office.store.database.engine.connect() as connection:
            connection.exec_driver_sql("set enable_seqscan = off")
            for statement, parameters in asked:
                if not statement.lower().startswith("select"):
                    continue
                plan = connection.exec_driver_sql(
                    f"explain {statement}",
                    parameters,  # type: ignore[arg-type]
                ).scalars()
                faults += [
                    f"{line.strip()} in {statement}"
                    for line in plan
                    if any(f"Seq Scan on {table}" in line for table in BIG)
                ]

    assert len(asked) > 20
    assert faults == []


def test_the_panels_can_be_read_at_any_time_of_a_process(office: Office) -> None:
    office.parts.announce()
    office.deliver(make_claim_mail())
    job = office.store.jobs.take(1, lease_for=timedelta(minutes=1))
    office.deliver(make_claim_mail(text="another one"), run=False)
    taken = office.store.jobs.take(
        office.queue.bells[0].job_id, lease_for=timedelta(minutes=1)
    )
    assert taken is not None

    with signed_in(office, VIEWER) as visitor:
        words = seen(visitor)

    assert job is None
    assert f"{taken.kind} {taken.ref}" in words


def test_alerts_and_what_people_did_are_told_in_words(office: Office) -> None:
    with office.store.transaction() as work:
        work.raise_alert("watch_poller", "poller:not_running:20261118T191200")
        work.raise_alert("email_refused", "email:7")
    office.parts.desk.actions.add("jane", "alert_dismissed", "alert:3")

    with signed_in(office, OPERATOR) as visitor:
        here = seen(visitor)
        log = seen(visitor, "/operations/log")

    assert "No process reads the mailbox not running, 0 s ago" in here
    assert "An e-mail was refused; its recipient did not get it e-mail 7, 0 s" in here
    assert "jane alert dismissed alert 3, 0 s ago" in here
    assert "jane alert dismissed alert 3" in log
    for raw in ("watch_poller", "email_refused", "email:7", "poller:"):
        assert raw not in here


def test_an_alert_is_dismissed_by_who_may_act(office: Office) -> None:
    with office.store.transaction() as work:
        work.raise_alert("uidvalidity_changed", "mailbox:1")
    (alert,) = office.store.alerts.newest(limit=5)
    path = f"/operations/alerts/{alert.alert_id}/dismiss"

    with signed_in(office, VIEWER, name="vic") as visitor:
        visitor.get("/operations")
        refused = visitor.post(path)
    with signed_in(office, OPERATOR) as visitor:
        before = seen(visitor)
        visitor.post(path)
        after = seen(visitor)

    assert refused.status_code == 403
    assert "The mail server numbered the mailbox anew 0 s ago Dismiss" in before
    assert "uidvalidity" not in before
    assert "No alerts. Good." in after


# -- live -------------------------------------------------------------------------


def test_the_page_follows_what_happens_and_keeps_what_was_unfolded(
    office: Office, context: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SEND_EVERY", timedelta(seconds=0.5))
    a_person(office, "ruth", OPERATOR)

    with a_served_desk(office) as address:
        page = context.new_page()
        sign_in(page, address, "ruth")
        page.goto(f"{address}/operations")
        page.get_by_text("The same as a table").click()
        expect(page.get_by_role("button", name="Resume the queue send")).to_have_count(
            0
        )
        operating.pause(office.parts, "send", by="somebody else")

        expect(page.get_by_role("button", name="Resume the queue send")).to_be_visible()
        expect(page.get_by_role("table", name="Runs of jobs")).to_be_visible()
        page.close()


def test_the_page_says_whether_it_follows(
    office: Office, context: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_person(office, "ruth", OPERATOR)
    follows, again = "keeps itself up to date", "Load this page again"

    with a_served_desk(office) as address:
        page = context.new_page()
        sign_in(page, address, "ruth")
        page.goto(f"{address}/operations")
        expect(page.get_by_text(follows)).to_be_visible()
        expect(page.get_by_text(again)).to_be_hidden()

        monkeypatch.setattr(live, "MOST_WATCHERS", 0)
        page.reload()
        expect(page.get_by_text(again)).to_be_visible()
        expect(page.get_by_text(follows)).to_be_hidden()
        page.close()


def test_a_live_page_ends_with_its_session(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SEND_EVERY", timedelta(seconds=0.5))

    with signed_in(office, OPERATOR) as visitor:
        office.parts.desk.sessions.find(visitor.client.cookies["claims"])
        read = office.parts.desk.sessions.find
        looks: list[bool] = []

        def find(secret: str, *, is_used: bool = True) -> object:
            looks.append(is_used)
            return None if len(looks) > 3 else read(secret, is_used=is_used)

        monkeypatch.setattr(office.parts.desk.sessions, "find", find)
        answer = visitor.client.get("/operations/live")

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith("data: ")
    assert looks == [True, False, False, False]


def test_only_so_many_pages_are_live(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_WATCHERS", 0)

    with signed_in(office, OPERATOR) as visitor:
        answer = visitor.client.get("/operations/live")

    assert answer.status_code == 503


def test_a_span_that_nobody_knows_shows_an_hour(office: Office) -> None:
    assert read_panels(office.parts, "fortnight", ZoneInfo("UTC")).span == "1h"
