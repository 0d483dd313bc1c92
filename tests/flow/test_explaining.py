"""`claims explain`: every clock says its instants, their sources and the arithmetic."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.builders import a_package, an_order
from tests.builders_mail import claim_files, make_claim_mail
from tests.office import Office, an_office
from worker import decide
from worker.domain.explanation import ClockExplanation, in_zone, length
from worker.domain.orders import parse_when
from worker.explaining import Explained, as_json, explain

RECEIVED = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
DAY = timedelta(days=1)
WARSAW = ZoneInfo("Europe/Warsaw")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    package = replace(
        a_package(),
        arrived=parse_when("2026-11-17", WARSAW),
        delivered=parse_when("2026-11-18T15:30", WARSAW),
        destination_tz="Europe/Warsaw",
    )
    with an_office(tmp_path / "office", an_order(packages=(package,))) as office:
        yield office


def clocks(office: Office) -> dict[str, ClockExplanation]:
    return {clock.name: clock for clock in explained(office).clocks}


def explained(office: Office) -> Explained:
    return explain(office.parts, office.claim)


def said(clock: ClockExplanation) -> dict[str, str]:
    """Each line's instant in UTC, or its text."""
    return {
        line.label: line.text if line.at is None else in_zone(line.at, "UTC")
        for line in clock.lines
    }


def test_the_receipt_names_all_instants_and_the_one_that_counts(
    office: Office,
) -> None:
    office.deliver(make_claim_mail())

    clock = clocks(office)["Receipt"]

    assert clock.result == "trusted_received"
    assert said(clock) == {
        "trusted Received": "2026-11-18 19:10:00 UTC",
        "first seen": "2026-11-18 19:12:00 UTC",
        "Date header": "2026-11-18 19:10:00 UTC",
        "claim received": "2026-11-18 19:10:00 UTC",
    }
    assert clock.text == "Our own mail server took it first."


def test_the_recorded_receipt_counts_and_one_line_says_what_the_settings_now_give(
    office: Office,
) -> None:
    office.deliver(make_claim_mail())
    trust = replace(office.parts.house.trust, exchangers=frozenset())
    office.parts.house = replace(office.parts.house, trust=trust)

    clock = clocks(office)["Receipt"]

    assert clock.result == "trusted_received"
    assert clock.text == "Our own mail server took it first."
    assert said(clock) == {
        "trusted Received": "2026-11-18 19:10:00 UTC",
        "first seen": "2026-11-18 19:12:00 UTC",
        "Date header": "2026-11-18 19:10:00 UTC",
        "claim received": "2026-11-18 19:10:00 UTC",
        "settings now give": "2026-11-18 19:12:00 UTC",
    }
    assert clock.lines[-1].text == "first_seen; the recorded receipt counts"


def test_C11_says_the_record_its_precision_and_the_last_second(
    office: Office,
) -> None:
    office.deliver(make_claim_mail())

    clock = clocks(office)["24 hours"]

    assert clock.result == "pass"
    assert said(clock) == {
        "recorded": "2026-11-18 14:30:00 UTC",
        "at the latest": "2026-11-18 14:30:59 UTC",
        "counts from": "2026-11-18 14:30:59 UTC",
        "plus": "24:00:00",
        "last second in time": "2026-11-19 14:30:59 UTC",
        "claim received": "2026-11-18 19:10:00 UTC",
        "elapsed": "4:39:01",
    }
    assert "the end of that minute counts" in clock.lines[0].text
    assert clock.lines[0].source == "order directory: delivered_at"
    assert "late_24h_counts_from = best_evidence" in clock.lines[2].source


def test_C12_says_the_zone_and_where_it_comes_from(office: Office) -> None:
    office.deliver(make_claim_mail())

    clock = clocks(office)["30 days"]

    assert clock.result == "pass"
    assert said(clock)["zone"] == "Europe/Warsaw"
    assert said(clock)["last second in time"] == "2026-12-17 22:59:59 UTC"
    assert "a date alone: the end of that day counts" in clock.lines[0].text
    assert explained(office).zone_source == "order directory: destination_tz"


def test_C10_names_the_mail_that_completed_the_set(office: Office) -> None:
    office.deliver(make_claim_mail(files=claim_files()[1:]))
    assert clocks(office)["7 days"].lines == ()
    second = office.deliver(
        make_claim_mail(
            subject="Re: M104233+ORD-20261104-0183+Claim", received_at=RECEIVED + DAY
        )
    )

    clock = clocks(office)["7 days"]

    assert clock.result == "running"
    assert clock.lines[0].source == f"receipt of mail {second}"
    assert said(clock)["set complete"] == "2026-11-19 19:10:00 UTC"
    assert said(clock)["plus"] == "168:00:00"
    assert said(clock)["respond by"] == "2026-11-26 19:10:00 UTC"
    assert clocks(office)["Receipt"].text.endswith("do not move it.")


def test_C10_says_when_it_was_answered(office: Office) -> None:
    office.deliver(make_claim_mail())
    office.clock.at = RECEIVED + DAY
    decide.reject(
        office.parts, office.claim, clauses=("C8",), by="jane", reason="Seen."
    )
    office.run()

    clock = clocks(office)["7 days"]

    assert clock.result == "met"
    assert said(clock)["answered"] == "2026-11-19 19:10:00 UTC"
    assert clock.lines[-1].text == "144:00:00 before the limit"


def test_C10_says_by_how_much_an_answer_was_late(office: Office) -> None:
    office.deliver(make_claim_mail())
    due = office.claim.respond_by
    assert due is not None
    office.clock.at = due + timedelta(hours=2)
    decide.reject(
        office.parts, office.claim, clauses=("C8",), by="jane", reason="Seen."
    )
    office.run()

    clock = clocks(office)["7 days"]

    assert clock.result == "breached"
    assert clock.lines[-1].text == "2:00:00 after the limit"


def test_T27_an_answer_from_before_an_appeal_does_not_answer_its_clock(
    office: Office,
) -> None:
    office.deliver(make_claim_mail())
    office.clock.at = RECEIVED + DAY
    decide.reject(
        office.parts, office.claim, clauses=("C8",), by="jane", reason="Seen."
    )
    office.run()
    office.clock.at = RECEIVED + 2 * DAY
    decide.appeal(office.parts, office.claim, by="jane", reason="new photographs")
    office.run()

    clock = clocks(office)["7 days"]

    assert clock.result == "running"
    assert "answered" not in said(clock)
    assert clock.lines[-1].label == "now"
    assert clock.lines[-1].text == "168:00:00 left"
    assert clock.text == "What was answered before does not stop this clock."


def test_the_json_has_utc_and_local_instants_and_the_policy_version(
    office: Office,
) -> None:
    office.deliver(make_claim_mail())

    data = as_json(explained(office))

    assert data["policy_version"] == data["assessed_with"] == "2026-11"
    last = next(
        line
        for line in data["clocks"][1]["lines"]
        if line["label"] == "last second in time"
    )
    assert last["at"] == "2026-11-19T14:30:59Z"
    assert last["local"] == "2026-11-19 15:30:59 CET"


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(hours=24, seconds=1), "24:00:01"),
        (-timedelta(seconds=5), "-0:00:05"),
        (timedelta(days=7), "168:00:00"),
    ],
)
def test_lengths_are_hours_minutes_and_seconds(span: timedelta, words: str) -> None:
    assert length(span) == words
