"""The watchdogs see each fault, tell of it once, and see that it is gone."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Semaphore

import pytest
import sqlalchemy as sa
import structlog
from pydantic import SecretStr

from tests.builders import an_order
from tests.builders_mail import make_claim_mail, make_mail
from tests.office import Office, an_office
from worker import decide
from worker.adapters.webhook import post
from worker.bootstrap import Parts
from worker.domain.errors import UsageError
from worker.ports import Attempt, Delivery
from worker.pulse import Pulse
from worker.telling import tell
from worker.watching import LASTS_S, Watch, faults

ROLES = ("poll", "work", "schedule")
ALL_RUN = {"redis": "no_answer"}
"""An office has no Redis."""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office", an_order()) as office:
        for role in ROLES:
            run(office, role)
        yield office


def run(office: Office, role: str) -> None:
    office.store.processes.register(
        owner=role, role=role, host="here", pid=1, boot_ticks=1
    )


def age(office: Office, role: str, seconds: int) -> None:
    """Let a process have been silent for so long."""
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            f"update processes set alive_at_ms = alive_at_ms - {seconds * 1000}"  # noqa: S608 - ours
            f" where role = '{role}'"
        )


def standing(office: Office) -> list[str]:
    return [
        alert.code
        for alert in office.store.alerts.newest(limit=100)
        if alert.code.startswith("watch_") and alert.code != "watch_redis"
    ]


# -- what is seen ---------------------------------------------------------------------


def test_nothing_is_wrong_while_everything_runs(office: Office) -> None:
    assert faults(office.parts) == ALL_RUN


@pytest.mark.parametrize(
    ("role", "name"),
    [("poll", "poller"), ("work", "workers"), ("schedule", "scheduler")],
)
def test_a_process_that_is_silent_for_a_minute_is_missed_until_it_is_back(
    office: Office, role: str, name: str
) -> None:
    age(office, role, 60)
    red = faults(office.parts)
    run(office, role)

    assert red == ALL_RUN | {name: "not_running"}
    assert faults(office.parts) == ALL_RUN


def test_two_of_a_kind_stand_in_for_each_other(office: Office) -> None:
    office.store.processes.register(
        owner="other", role="work", host="there", pid=2, boot_ticks=1
    )
    office.store.processes.bury("work")

    assert faults(office.parts) == ALL_RUN


def test_trouble_with_the_mailbox_is_seen_at_once(office: Office) -> None:
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            "update mailboxes set trouble = 'login_refused'"
        )

    assert faults(office.parts)["mailbox"] == "login_refused"


def test_a_mailbox_that_was_not_read_lately_is_seen(office: Office) -> None:
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            "update mailboxes set passed_at = '2026-11-18 18:00:00'"
        )

    assert faults(office.parts)["mailbox"] == "not_read"


def make_old(office: Office) -> None:
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            "update jobs set first_transient_ms = first_transient_ms - 40000"
        )


def test_a_relay_that_takes_nothing_is_seen_and_one_deferred_recipient_is_not(
    office: Office,
) -> None:
    office.relay.script = [Attempt(Delivery.DEFERRED, "unreachable")]
    office.deliver(make_claim_mail())
    make_old(office)
    red = faults(office.parts)
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            "insert into emails (dedup_key, kind, recipient, subject, status, raw,"
            " held_reason, policy_version, attempts, uncertain, last_code, created_at,"
            " sent_at) select 'another', kind, recipient, subject, 'sent', raw, '', '',"
            " 1, 0, '250', created_at, '2026-11-18 19:13:00' from emails limit 1"
        )

    assert red["outbox"] == "relay_takes_nothing"
    assert "outbox" not in faults(office.parts)


def test_a_relay_that_is_asked_just_now_is_silent_still(office: Office) -> None:
    office.relay.script = [Attempt(Delivery.DEFERRED, "unreachable")]
    office.deliver(make_claim_mail())
    make_old(office)
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            "update jobs set state = 'running', token = 't' where kind = 'send'"
        )

    assert faults(office.parts)["outbox"] == "relay_takes_nothing"


def test_one_deferred_recipient_hides_no_relay_that_fails_later(
    office: Office,
) -> None:
    other = an_order("ORD-20261104-0888")
    office.store.orders.import_orders([other])
    office.relay.script = [Attempt(Delivery.DEFERRED, "greylisted")]
    office.deliver(make_claim_mail())
    office.clock.at += timedelta(minutes=5)
    office.deliver(
        make_claim_mail(order=other.order_number).replace(b"<one@", b"<two@")
    )
    make_old(office)
    well = faults(office.parts)
    office.clock.at += timedelta(minutes=5)
    office.relay.script = [Attempt(Delivery.DEFERRED, "unreachable")]
    office.deliver(make_mail(subject="what happened to it?"))
    make_old(office)

    assert "outbox" not in well
    assert faults(office.parts)["outbox"] == "relay_takes_nothing"


def test_the_forecast_is_asked_for_once_a_minute_and_its_incident_stays(
    office: Office,
) -> None:
    office.deliver(make_claim_mail())
    office.clock.at += timedelta(days=6, hours=12)
    watch = Watch(office.parts)

    for look in range(13):
        watch.look(look * 10.0)

    assert standing(office) == ["watch_forecast"]


def test_claims_that_will_be_late_at_this_pace_are_seen(office: Office) -> None:
    office.deliver(make_claim_mail())
    office.clock.at += timedelta(days=6, hours=12)

    assert faults(office.parts)["forecast"] == "claims_will_be_late"


# -- incidents ------------------------------------------------------------------------


def test_a_fault_that_lasts_is_one_incident_whoever_sees_it(office: Office) -> None:
    one, other = Watch(office.parts), Watch(office.parts)
    age(office, "work", 60)

    one.look(0)
    other.look(0)
    early = standing(office)
    for now_s in (LASTS_S, LASTS_S + 10, LASTS_S + 100):
        one.look(now_s)
        other.look(now_s)

    assert early == []
    assert standing(office) == ["watch_workers"]


def test_an_incident_ends_with_its_fault_and_the_next_one_is_another(
    office: Office,
) -> None:
    watch = Watch(office.parts)
    age(office, "work", 60)
    watch.look(0)
    watch.look(LASTS_S)
    run(office, "work")
    watch.look(LASTS_S + 10)
    between = standing(office)
    office.clock.at += timedelta(minutes=5)
    age(office, "work", 60)
    watch.look(400)
    watch.look(400 + LASTS_S)

    assert between == []
    assert standing(office) == ["watch_workers"]


def test_an_incident_is_dismissed_by_nobody_while_its_fault_lasts(
    office: Office,
) -> None:
    watch = Watch(office.parts)
    age(office, "work", 60)
    watch.look(0)
    watch.look(LASTS_S)
    (alert,) = [
        one
        for one in office.store.alerts.newest(limit=9)
        if one.code == "watch_workers"
    ]

    with pytest.raises(UsageError, match="ends with its fault"):
        decide.dismiss_alert(office.parts, alert.alert_id, by="jane")
    office.clock.at += timedelta(minutes=1)
    watch.look(LASTS_S + 60)
    again = office.store.alerts.newest(limit=9)
    run(office, "work")
    watch.look(LASTS_S + 70)

    assert [one.alert_id for one in again if one.code == alert.code] == [alert.alert_id]
    assert standing(office) == []


def test_a_restart_that_takes_seconds_is_no_incident(office: Office) -> None:
    watch = Watch(office.parts)
    age(office, "work", 60)
    watch.look(0)
    run(office, "work")
    watch.look(10)
    age(office, "work", 60)
    watch.look(LASTS_S)

    assert standing(office) == []


# -- telling --------------------------------------------------------------------------


class Hook(HTTPServer):
    """Takes webhooks, or answers as it is told."""

    def __init__(self) -> None:
        self.taken: list[dict[str, object]] = []
        self.answer = 204
        self.asked = 0
        super().__init__(("127.0.0.1", 0), Taking)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class Taking(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        self.server.asked += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.answer == 204:
            self.server.taken.append(json.loads(body))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing."""


@contextmanager
def a_hook() -> Iterator[Hook]:
    with Hook() as hook:
        serving = threading.Thread(target=hook.serve_forever)
        serving.start()
        try:
            yield hook
        finally:
            hook.shutdown()
            serving.join()


def telling(office: Office, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = office.parts.settings.model_copy(update={"alert_url": SecretStr(url)})
    monkeypatch.setattr(office.parts, "settings", settings)


def raise_one(office: Office, ref: str = "job:7") -> None:
    with office.store.transaction() as work:
        work.raise_alert("email_refused", ref)


def wait_over(office: Office) -> None:
    with office.store.database.write() as session:
        session.connection().exec_driver_sql("update notices set again_at_ms = 0")


def test_a_webhook_hears_each_alert_once_without_personal_data(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_hook() as hook:
        telling(office, hook.url, monkeypatch)
        raise_one(office)

        told = [tell(office.parts), tell(office.parts)]
        wait_over(office)
        told.append(tell(office.parts))

    assert told == [1, 0, 0]
    (facts,) = hook.taken
    assert set(facts) == {"alert", "code", "about", "says", "raised_at"}
    assert (facts["code"], facts["about"]) == ("email_refused", "job:7")


def test_a_webhook_that_fails_is_tried_again_after_a_minute(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_hook() as hook:
        telling(office, hook.url, monkeypatch)
        raise_one(office)
        hook.answer = 500
        first = tell(office.parts)
        hook.answer = 204
        too_soon = tell(office.parts)
        wait_over(office)
        second = tell(office.parts)

    assert (first, too_soon, second) == (0, 0, 1)
    assert len(hook.taken) == 1


def test_a_webhook_that_fails_is_left_alone_until_the_next_round(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_hook() as hook:
        telling(office, hook.url, monkeypatch)
        for number in range(5):
            raise_one(office, f"job:{number}")
        hook.answer = 500
        tell(office.parts)
        failed = hook.asked
        hook.answer = 204
        others = tell(office.parts)

    assert (failed, others) == (1, 4)


def test_a_webhook_that_does_not_answer_delays_no_beat(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.pulse.BEAT_EVERY", timedelta(milliseconds=20))
    beats, hangs, done = Semaphore(0), Event(), Event()

    def hang(_parts: Parts) -> int:
        hangs.set()
        done.wait(30)
        return 0

    monkeypatch.setattr("worker.pulse.tell", hang)
    pulse = Pulse(office.parts)
    monkeypatch.setattr(pulse, "beat", beats.release)
    monkeypatch.setattr(pulse, "watch", lambda: None)
    pulse.start()
    try:
        assert hangs.wait(20)
        assert all(beats.acquire(timeout=20) for _ in range(50))
    finally:
        done.set()
        pulse.stop()


def test_a_heartbeat_that_ends_by_a_fault_of_ours_says_so(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.pulse.BEAT_EVERY", timedelta(milliseconds=20))
    ended = Event()
    monkeypatch.setattr("threading.excepthook", lambda _args: ended.set())
    pulse = Pulse(office.parts)
    monkeypatch.setattr(pulse, "beat", lambda: 1 // 0)

    with structlog.testing.capture_logs() as said:
        pulse.start()
        assert ended.wait(20)
    pulse.stop()

    assert [one["code"] for one in said if one["event"] == "thread_ended"] == ["pulse"]


def test_an_alert_goes_by_e_mail_through_the_outbox_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    telling(office, "mailto:ops@logistics.example", monkeypatch)
    raise_one(office)

    told = [tell(office.parts), tell(office.parts)]
    office.run()
    wait_over(office)
    told.append(tell(office.parts))

    assert told == [1, 0, 0]
    ((recipient, raw),) = office.relay.taken
    assert recipient == "ops@logistics.example"
    assert b"Subject: claims-worker: an e-mail was refused" in raw


def raise_about(
    office: Office, code: str, ref: str, claim_id: int | None = None
) -> None:
    with office.store.transaction() as work:
        work.raise_alert(code, ref, claim_id=claim_id)


def subjects_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    telling(office, "mailto:ops@logistics.example", monkeypatch)
    while tell(office.parts):
        pass
    return [
        email.subject
        for email in office.emails
        if email.recipient == "ops@logistics.example"
    ]


@pytest.mark.parametrize(
    ("later", "code", "subject"),
    [
        (
            timedelta(days=5, hours=1),
            "warn_48h",
            "46 hours left: claim CLM-000001 needs a response",
        ),
        (
            timedelta(days=8),
            "warn_24h",
            "Overdue: claim CLM-000001 has had no response",
        ),
    ],
)
def test_a_deadline_is_told_with_its_claim_before_and_after(
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    later: timedelta,
    code: str,
    subject: str,
) -> None:
    office.deliver(make_claim_mail())
    office.clock.at += later
    raise_about(office, code, "claim:1:2026-11-25", claim_id=1)

    assert subjects_told(office, monkeypatch) == [subject]


def test_a_decision_that_needs_a_second_person_is_told_with_why(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.deliver(make_claim_mail())
    wanted = decide.rejection(
        office.parts, office.claim, clauses=("G9a",), by="jane", reason="Box intact."
    )
    decide.propose(office.parts, office.claim, wanted, by="jane")

    assert subjects_told(office, monkeypatch) == [
        "Please check: claim CLM-000001 has a proposed decision"
    ]
    assert b"G9a" in office.emails[-1].raw


def test_a_dead_letter_is_told_with_its_step(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.deliver(make_mail(), run=False)
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            "update jobs set state = 'quarantined', reason = 'reader_crashed',"
            " finished_at = created_at where id = 1"
        )
    raise_about(office, "dead_letter", "job:1")

    assert subjects_told(office, monkeypatch) == ["Job 1 was set aside"]


def test_a_silent_mailbox_is_told_with_how_long(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.deliver(make_mail())
    with office.store.database.write() as session:
        session.connection().execute(
            sa.text("update mailboxes set passed_at = :at"), {"at": office.clock.at}
        )
    office.clock.at += timedelta(minutes=35)
    raise_about(office, "watch_mailbox", "mailbox:not_read:20261118T191200")

    assert subjects_told(office, monkeypatch) == [
        "The claims mailbox was not read for 35 minutes"
    ]


def test_a_mailbox_that_was_read_a_moment_ago_is_told_of_in_general(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    raise_about(office, "watch_mailbox", "mailbox:login_refused:20261118T191200")

    assert subjects_told(office, monkeypatch) == [
        "claims-worker: the mailbox is not being read: see `claims doctor`"
    ]


def test_a_telling_that_is_refused_leads_to_no_other(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    telling(office, "mailto:ops@logistics.example", monkeypatch)
    raise_one(office)
    office.relay.script = [Attempt(Delivery.REFUSED, "550")] * 5

    told = []
    for _ in range(4):
        told.append(tell(office.parts))
        office.run()
        wait_over(office)

    assert sum(told) == 2  # the alert, and that telling it failed
    assert len(office.emails) == 1


def test_the_dead_letter_of_a_telling_leads_to_no_other(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    telling(office, "mailto:ops@logistics.example", monkeypatch)
    raise_about(office, "watch_mailbox", "mailbox:not_read:20261118T191200")
    assert tell(office.parts) == 1
    with office.store.database.write() as session:
        dead = session.connection().exec_driver_sql(
            "update jobs set state = 'quarantined', reason = 'smtp_timeout',"
            " finished_at = created_at where kind = 'send' returning id"
        )
        job_id = dead.scalar()
    raise_about(office, "dead_letter", f"job:{job_id}")

    assert tell(office.parts) == 1
    assert len(office.emails) == 1


def test_nobody_is_told_where_no_url_is_set(office: Office) -> None:
    raise_one(office)

    assert tell(office.parts) == 0


def test_a_webhook_that_is_not_there_is_no_error() -> None:
    assert not post("http://127.0.0.1:9/nothing", {"alert": 1})
    assert not post("https://[not a host", {"alert": 1})
