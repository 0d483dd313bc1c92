"""The page of a claim: what it says, to whom, and that it says nothing unescaped."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.header import Header
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from tests.builders_mail import a_file, invoice_pdf, make_claim_mail
from tests.desk.claim_offices import a_claims_office, lengthen
from tests.desk.hostile import VECTORS
from tests.desk.visitors import Visitor, signed_in
from tests.office import Office
from worker.adapters.store.erasing import erase_claims
from worker.desk.claim_clocks import LEAST_GAP, MARGIN, WIDTH, Instant, dots
from worker.desk.claim_standing import standing
from worker.desk.claim_words import EVENTS, STATES
from worker.domain.claim import Claim, ClaimState, ClaimType, Event
from worker.domain.staff import StaffRole
from worker.erasing import erase

BERLIN = ZoneInfo("Europe/Berlin")
OTHERS = ("reply", "thread?before=9", "documents.zip")
NO_PHOTOS = [a_file(invoice_pdf(), "invoice.pdf")]


@contextmanager
def statements(office: Office) -> Iterator[list[str]]:
    """Collect what the database is asked meanwhile."""
    asked: list[str] = []

    def note(*found: object) -> None:
        asked.append(str(found[2]))

    engine = office.store.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def test_the_page_says_what_the_claim_is_and_why_it_stands_there(
    tmp_path: Path,
) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office) as visitor:
        page = visitor.get("/claims/1").text

    for said in (
        "CLM-000001",
        "Under review",
        "Our seven days run",
        "The documents are complete since 18 Nov 2026, 19:10 UTC.",
        "the member must have an answer by 25 Nov 2026, 19:10 UTC.",
        "Lena Hoffmann",
        "ORD-20261104-0183",
        "PK-1",
        "nobody",
        'href="/claims/next?after=1"',
    ):
        assert said in page


def test_what_is_missing_is_said_first(tmp_path: Path) -> None:
    raw = make_claim_mail(files=NO_PHOTOS)

    with a_claims_office(tmp_path, raw) as office, signed_in(office) as visitor:
        page = visitor.get("/claims/1").text
        claim = office.claim
        said = standing(
            claim,
            office.store.claims.latest_assessment(1),
            office.store.claims.events(1),
            BERLIN,
        )

    assert said.startswith("The member has to send D2 Order notification (missing), D3")
    assert " CET, due by " in said
    assert "Missing" in page
    assert "Waits for documents" in page


def test_a_failed_check_is_the_reason(tmp_path: Path) -> None:
    late = datetime(2026, 11, 21, 19, 10, tzinfo=UTC)
    raw = make_claim_mail(received_at=late)

    with a_claims_office(tmp_path, raw) as office, signed_in(office) as visitor:
        page = visitor.get("/claims/1").text

    assert "Check C11 failed: " in page
    assert "Software rejects nothing" in page
    assert "No compensation claims will be accepted after more than 24 hours" in page


@pytest.mark.parametrize("state", list(ClaimState))
def test_every_state_has_a_reason_in_words(state: ClaimState) -> None:
    at = datetime(2026, 11, 18, tzinfo=UTC)
    claim = Claim(
        1, "M1", "ORD-1", None, ClaimType.DAMAGE, state, version=1, received_at=at
    )

    said = standing(claim, None, (), ZoneInfo("UTC"))

    assert said.endswith(".")
    assert "_" not in said


def test_every_code_has_words() -> None:
    assert set(STATES) == {str(state) for state in ClaimState}
    assert set(EVENTS) == set(Event)


def test_times_are_told_in_utc_and_at_the_destination(tmp_path: Path) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office) as visitor:
        page = visitor.get("/claims/1").text

    assert "2026-11-18 14:30:00 UTC" in page
    assert "2026-11-18 15:30:00 CET" in page
    assert "the 24 hours begin (C11)" in page
    assert "last second in time" in page
    assert "late_24h_counts_from" in page


def test_the_arithmetic_and_what_a_switch_would_change_are_told(
    tmp_path: Path,
) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office) as visitor:
        page = visitor.get("/claims/1").text

    assert "Shipping, at most 30% of 62.50" in page
    assert "118.75 USD" in page
    assert "damage_cap_mode = lower" in page
    assert "18.75 USD" in page


def test_the_history_names_who_did_what(tmp_path: Path) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office) as visitor:
        visitor.get("/claims/1")
        visitor.post("/claims/1/flags", clause="X4", evidence="no such label")
        page = visitor.get("/claims/1").text

    history = page[page.index('id="history"') :]
    assert "Claim opened" in history
    assert "Flag set" in history
    assert "mei · " in history
    assert "no such label" in history


def seen_at(visitor: Visitor) -> dict[str, str]:
    """What the page's forms send along, so that a stale one is refused."""
    page = visitor.get("/claims/1").text
    found = {}
    for name in ("version", "events"):
        value = re.search(rf'name="{name}" value="(\d+)"', page)
        assert value is not None
        found[name] = value[1]
    return found


def test_flags_are_not_cleared_where_the_claim_changed_since(tmp_path: Path) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office) as visitor:
        visitor.get("/claims/1")
        visitor.post("/claims/1/flags", clause="X4", evidence="cut with a knife")
        office.run()
        old = seen_at(visitor)
        visitor.post("/claims/1/flags", clause="X4", evidence="and with an axe")
        office.run()
        typed = {"clause": "X4", "reason": "the shop packs like that"}
        refused = visitor.post("/claims/1/flags/clear", **old, **typed)
        flags = office.store.flags.of_claim(1)

    assert refused.status_code == 422
    assert "Something came to CLM-000001 since its page was loaded" in refused.text
    assert 'value="the shop packs like that"' in refused.text
    assert all(one.is_open for one in flags)


def test_a_person_sets_a_flag_and_clears_it_with_a_reason(tmp_path: Path) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office) as visitor:
        visitor.get("/claims/1")
        done = visitor.post("/claims/1/flags", clause="X4", evidence="cut with a knife")
        office.run()
        (raised,) = office.store.flags.of_claim(1)
        cleared = visitor.post(
            "/claims/1/flags/clear",
            **seen_at(visitor),
            clause="X4",
            reason="the shop packs like that",
        )
        (flag,) = office.store.flags.of_claim(1)
        page = visitor.get("/claims/1").text

    assert done.headers["location"] == "/claims/1#flags"
    assert (raised.set_by, raised.evidence) == ("mei", "cut with a knife")
    assert cleared.status_code == 303
    assert (flag.cleared_by, flag.cleared_reason) == ("mei", "the shop packs like that")
    assert "cleared by mei" in page


@pytest.mark.parametrize(
    ("path", "fields", "say"),
    [
        ("flags", {"clause": "X4", "evidence": "  "}, "Say what you saw"),
        ("flags", {"clause": "Z9", "evidence": "typed <b>"}, "Choose a clause"),
        ("flags/clear", {"clause": "X4", "reason": "typed <b>"}, "has no open flag"),
    ],
)
def test_a_form_that_is_refused_says_why_on_the_page(
    tmp_path: Path, path: str, fields: dict[str, str], say: str
) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office) as visitor:
        seen = seen_at(visitor)
        refused = visitor.post(f"/claims/1/{path}", **(seen | fields))

        assert office.store.flags.of_claim(1) == []
    assert refused.status_code == 422
    assert say in refused.text
    assert "typed <b>" not in refused.text


def test_what_was_typed_is_kept(tmp_path: Path) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office) as visitor:
        visitor.get("/claims/1")
        refused = visitor.post("/claims/1/flags", clause="", evidence="a long story")

    assert ">a long story</textarea>" in refused.text


@pytest.mark.parametrize("role", [StaffRole.VIEWER, StaffRole.OPERATOR])
def test_who_only_reads_sees_no_form_and_sends_none(
    tmp_path: Path, role: StaffRole
) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office, role) as visitor:
        page = visitor.get("/claims/1")
        refused = visitor.post("/claims/1/flags", clause="X4", evidence="x")

    assert page.status_code == 200
    assert "/claims/1/flags" not in page.text
    assert refused.status_code == 403


def test_a_claim_that_nobody_has_assessed_yet_is_shown(tmp_path: Path) -> None:
    stranger = make_claim_mail(sender="Lena H <lena@other.example>")
    with a_claims_office(tmp_path, stranger) as office, signed_in(office) as visitor:
        page = visitor.get("/claims/1")

    assert office.state() is ClaimState.IDENTITY_HOLD
    assert page.status_code == 200
    assert "No check has run yet." in page.text


def test_a_claim_that_is_not_there(tmp_path: Path) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office) as visitor:
        assert visitor.get("/claims/77").status_code == 404
        assert visitor.get("/claims/77/documents.zip").status_code == 404


def test_without_the_order_directory_the_page_still_shows(tmp_path: Path) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office) as visitor:
        with office.store.database.write() as session:
            session.connection().exec_driver_sql("delete from packages")
            session.connection().exec_driver_sql("delete from orders")
        page = visitor.get("/claims/1")

    assert page.status_code == 200
    assert "The order directory does not answer just now" in page.text
    assert "Guarantee bought" in page.text


def test_what_strangers_write_is_text(tmp_path: Path) -> None:
    everything = "\n".join(VECTORS)
    name = Header(everything.replace("\n", " "), "utf-8").encode(maxlinelen=50_000)
    raw = make_claim_mail(
        text=everything,
        sender=f"{name} <lena.hoffmann@mail.example>",
        files=[a_file(b"a text", f"{vector}.txt") for vector in VECTORS],
    )

    with (
        a_claims_office(tmp_path, raw, name=everything) as office,
        signed_in(office) as visitor,
    ):
        page = visitor.get("/claims/1").text

    main = page[page.index("<main") :]
    assert [vector for vector in VECTORS if "<" in vector and vector in main] == []
    assert "<script" not in main
    assert "onerror=" in main
    assert len(re.findall(r"<[^>]*\son\w+=", main)) == 0
    assert "{{ 7 * 7 }}" in main


def test_a_long_thread_asks_no_more_of_the_database(tmp_path: Path) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office) as visitor:
        visitor.get("/claims/1")
        with statements(office) as short:
            visitor.get("/claims/1")
        lengthen(office, 30)
        with statements(office) as long:
            visitor.get("/claims/1")

    # One more, for the mail with the documents, which is not among the last ones.
    assert len(long) <= len(short) + 1


def test_points_of_the_picture_never_cover_each_other() -> None:
    begin = datetime(2026, 11, 18, tzinfo=UTC)
    instants = [
        Instant(label=str(n), at=begin + timedelta(seconds=n), source="")
        for n in range(12)
    ]
    far = Instant(label="due", at=begin + timedelta(days=30), source="", tone="due")

    places = [dot.x for dot in dots([*instants, far, far])]

    assert places == sorted(places)
    assert min(b - a for a, b in pairwise(places)) >= LEAST_GAP - 1
    assert places[0] >= MARGIN
    assert places[-1] <= WIDTH - MARGIN


def test_an_erased_claim_says_when_and_why_and_nothing_of_its_member(
    tmp_path: Path,
) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office) as visitor:
        decide_nothing_more(office)
        erase(office.parts, "M104233", by="jane", basis="request", is_applied=True)
        listed = visitor.get("/claims?tab=closed").text
        shown = visitor.get("/claims/1")
        elsewhere = [visitor.get(f"/claims/1/{part}") for part in OTHERS]

    assert 'href="/claims/1"' in listed
    assert shown.status_code == 410
    for said in (
        "CLM-000001",
        "18 Nov 2026, 19:12 UTC",
        "on the member&#39;s request",
        "erasure 1",
        "withdrawn",
        'href="/claims"',
    ):
        assert said in shown.text
    for data in ("Lena", "Hoffmann", "M104233", "ORD-2026", "mail.example"):
        assert data not in shown.text
    assert [one.headers.get("location") for one in elsewhere] == ["/claims/1"] * 3


def test_a_claim_whose_time_was_up_says_so(tmp_path: Path) -> None:
    with a_claims_office(tmp_path) as office, signed_in(office) as visitor:
        decide_nothing_more(office)
        with office.store.transaction() as work:
            erase_claims(work.session, [1], at=work.at)
        shown = visitor.get("/claims/1")

    assert shown.status_code == 410
    assert "when the time for which they are kept was over" in shown.text


def decide_nothing_more(office: Office) -> None:
    """Close the claim."""
    with office.store.transaction() as work:
        claim = office.claim
        work.save_claim(claim, replace(claim, state=ClaimState.WITHDRAWN))
