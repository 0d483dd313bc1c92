"""`/metrics`, `/readyz`, and what is watched with them."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from tests.builders import an_order
from tests.builders_mail import make_claim_mail
from tests.flow.test_operating import park
from tests.office import Office, an_office
from worker import operating
from worker.adapters.store.job_figures import Ending
from worker.desk.app import create_app

MONITORING = Path(__file__).parents[2] / "deploy" / "monitoring"
TOKEN = {"Authorization": "Bearer scrape-me"}
NAME = re.compile(r"\bclaims_[a-z0-9_]+\b")
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(
        tmp_path / "office", an_order(), metrics_token="scrape-me"
    ) as office:
        yield office


def scrape(office: Office) -> Samples:
    """Return every sample by its name and labels."""
    text = scraped_text(office)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped_text(office: Office) -> str:
    with TestClient(create_app(office.parts)) as client:
        answer = client.get("/metrics", headers=TOKEN)
    assert answer.status_code == 200
    return str(answer.text)


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, tuple(sorted(labels.items()))]


def test_a_scrape_tells_queues_dead_letters_claims_and_emails(office: Office) -> None:
    park(office)
    office.deliver(make_claim_mail(text="another one"))
    operating.pause(office.parts, "ocr", by="ruth")
    office.parts.announce()
    tally = office.store.job_figures.tally
    tally.ended("send", "send", Ending.DONE, took_ms=1500, waited_ms=1)
    office.store.job_figures.flush()

    samples = scrape(office)

    assert value(samples, "claims_jobs", queue="read", state="dead") == 1
    assert value(samples, "claims_dead_letters", kind="read") == 1
    assert value(samples, "claims_queue_paused", queue="ocr") == 1
    assert value(samples, "claims_queue_paused", queue="send") == 0
    assert value(samples, "claims_mails_settled_24h", fate="claim") == 1
    assert value(samples, "claims_mails_settled_24h", fate="parked") == 1
    assert value(samples, "claims_open_claims", state=office.claim.state) == 1
    assert value(samples, "claims_emails_24h", status="sent") == 1
    assert value(samples, "claims_alerts_open") == 1
    assert value(samples, "claims_job_runs_15m", kind="send", end="done") == 2
    assert value(samples, "claims_job_seconds_15m", kind="send", quantile="0.95") > 1


def test_claims_are_counted_by_their_date(office: Office) -> None:
    office.deliver(make_claim_mail())
    due = office.clock.at + timedelta(hours=30)
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            f"update claims set deadline_at = '{due:%Y-%m-%d %H:%M:%S}.000000'"  # noqa: S608
        )
    soon = scrape(office)
    office.clock.at = due + timedelta(seconds=1)
    late = scrape(office)

    assert value(soon, "claims_claims_due", due="due_48h") == 1
    assert value(soon, "claims_claims_due", due="overdue") == 0
    assert value(late, "claims_claims_due", due="overdue") == 1


def test_nothing_personal_is_told(office: Office) -> None:
    office.deliver(make_claim_mail())

    text = scraped_text(office).casefold()

    for word in ("lena", "hoffmann", "@", "m104233", "ord-2026", "inbox"):
        assert word not in text


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer wrong"}])
def test_where_a_token_is_set_nobody_reads_without_it(
    office: Office, given: dict[str, str]
) -> None:
    with TestClient(create_app(office.parts), client=("127.0.0.1", 1)) as client:
        assert client.get("/metrics", headers=given).status_code == 403


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 403),
        pytest.param("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 403, id="proxied"),
    ],
)
def test_without_a_token_only_this_machine_reads(
    tmp_path: Path, host: str, headers: dict[str, str], status: int
) -> None:
    with (
        an_office(tmp_path / "office") as office,
        TestClient(create_app(office.parts), client=(host, 1)) as client,
    ):
        assert client.get("/metrics", headers=headers).status_code == status


def test_whatever_is_watched_exists(office: Office) -> None:
    park(office)
    office.parts.announce()
    office.store.job_figures.flush()
    told = {
        family.name for family in text_string_to_metric_families(scraped_text(office))
    }
    dashboard = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text())
    shown = [t["expr"] for panel in dashboard["panels"] for t in panel["targets"]]
    watched = [rule["expr"] for g in rules["groups"] for rule in g["rules"]]

    shown_names = set(NAME.findall(" ".join(shown)))
    watched_names = set(NAME.findall(" ".join(watched)))

    assert shown_names | watched_names <= told
    assert told - shown_names == set()
    assert len(watched) > 10
    assert {"severity", "summary"} <= {
        key
        for g in rules["groups"]
        for rule in g["rules"]
        for key in (*rule["labels"], *rule["annotations"])
    }


def test_ready_names_what_is_not(office: Office) -> None:
    with TestClient(create_app(office.parts)) as client:
        answer = client.get("/readyz")
        alive = client.get("/healthz")

    assert answer.status_code == 503
    assert answer.json()["redis"] == "no answer"
    assert answer.json()["database"] == "ok"
    assert alive.json() == {"status": "ok"}
