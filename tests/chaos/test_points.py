"""Each fault point is passed somewhere; a death at it loses and doubles nothing."""

import re
from datetime import timedelta
from functools import cache

import pytest

from bench.record import one
from tests.builders_mail import SENT_AT, auto_reply, claim_files, make_claim_mail
from tests.chaos.checker import check
from tests.chaos.points import CASES, Part, points_of
from tests.chaos.rig import ROOT, Site
from tests.services import Script
from worker import desk_send
from worker.domain.staff import StaffRole
from worker.domain.written import Seen, Written, WrittenKind
from worker.faults import Action, Point

CALM: dict[str, object] = {
    "mails": 3,
    "fates": {"auto_reply": 1, "claim": 1, "follow_up": 1},
    "claims": 1,
    "emails_sent": 2,
    "emails_held": 0,
    "parked": 0,
}
"""What comes of the mails below when nothing breaks."""
BUGS = [
    *(points_of(part) for part in Part if part is not Part.SEND),
    *(points_of(Part.SEND)[begin : begin + 2] for begin in range(0, 5, 2)),
]
"""Points at which one run has a bug: three bugs of one job are a dead letter."""
RELAY_TAKES_S = 13.0
"""Longer than a lease is left alone (`holding.RENEW_EVERY`)."""
pytestmark = pytest.mark.timeout(600)
_REACHED = re.compile(r"reach\(Point\.([A-Z_]+)\)")


@cache
def mails() -> tuple[bytes, ...]:
    """A claim that lacks its invoice, a machine's answer, and the invoice."""
    invoice, *others = claim_files()
    later = SENT_AT + timedelta(minutes=20)
    return (
        make_claim_mail(files=others),
        auto_reply(),
        make_claim_mail(text="The invoice.", files=[invoice], received_at=later),
    )


def test_every_point_has_its_case() -> None:
    assert set(CASES) == set(Point)


def test_every_point_is_passed_at_one_place_of_the_program() -> None:
    sources = (path.read_text() for path in (ROOT / "worker").rglob("*.py"))
    found = sorted(name for text in sources for name in _REACHED.findall(text))

    assert found == sorted(point.name for point in Point)


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("part", Part)
def test_deaths_at_every_point_of_a_part_lose_and_double_nothing(
    site: Site, part: Part
) -> None:
    break_at(site, points_of(part), Action.KILL)


@pytest.mark.chaos
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("part", Part)
def test_deaths_at_every_point_lose_and_double_nothing_on_postgresql(
    site: Site, part: Part
) -> None:
    break_at(site, points_of(part), Action.KILL)


@pytest.mark.chaos
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("point", Point)
def test_a_death_at_one_point_loses_and_doubles_nothing(
    site: Site, point: Point
) -> None:
    break_at(site, [point], Action.KILL)


@pytest.mark.chaos
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("points", BUGS, ids=lambda points: points[0])
def test_bugs_at_every_point_lose_and_double_nothing(
    site: Site, points: list[Point]
) -> None:
    break_at(site, points, Action.RAISE)


@pytest.mark.chaos
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_machine_on_which_every_step_is_slow_does_the_same(site: Site) -> None:
    for raw in mails():
        site.dovecot.append(site.user, raw, SENT_AT + timedelta(minutes=30))
    slow = ",".join(f"{point}:{Action.SLOW}@1" for point in Point)

    assert site.until_idle(fault=slow) == CALM
    assert check(site.scene()) == []


def break_at(site: Site, points: list[Point], action: Action) -> None:
    """Break a process at each point while it works; all must come out as if calm."""
    for raw in mails():
        site.dovecot.append(site.user, raw, SENT_AT + timedelta(minutes=30))
    cases = [CASES[point] for point in points]
    parts = {case.part for case in cases}
    sent = CALM["emails_sent"]
    if Part.DESK in parts:
        site.until_idle()
        reply_from_desk(site)
        sent = 3
    if Part.LEASE in parts:
        site.sink.behave(Script(delay=RELAY_TAKES_S))
    faults = {
        f"{point}:{action}@{case.number}"
        for point, case in zip(points, cases, strict=True)
    }
    faults |= {case.also for case in cases if case.also and len(points) == 1}

    counts = site.until_idle(fault=",".join(sorted(faults)))

    passes = site.passes()
    missed = [one for one in points if passes[one] < CASES[one].number]
    assert missed == [], "nobody came to these points"
    assert check(site.scene()) == []
    assert counts == CALM | {"emails_sent": sent}
    flags = site.dovecot.flags(site.user)
    assert all("ClaimStored" in of_mail for of_mail in flags), flags
    drafts = one(
        site.database_url,
        "select count(*) from emails where status = 'draft'"
        " and kind != 'staff_draft_note'",
    )
    assert len(site.dovecot.mails(site.staff, "Drafts")) == drafts


def reply_from_desk(site: Site) -> None:
    """Let a person send a response from the desk, whose ten seconds begin now."""
    with site.parts() as parts:
        parts.desk.people.add("ada", StaffRole.ADMIN)
        claim = parts.store.claims.get(1)
        assert claim is not None
        seen = Seen(claim.version, len(parts.store.claims.events(1)))
        text = Written(kind=WrittenKind.RESPOND, body="We are asking the carrier.")
        assert desk_send.schedule(parts, claim, text, seen, "ada")
