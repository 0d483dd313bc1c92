"""`claims points`: balance, history, adjustment, and events from a file."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.commands import claims_here
from worker.adapters.points_events import PointsEvent, faults

EVENTS = """\
event,member_id,site,id,order_number,product_usd,returned_usd,line,has_pictures,points
email_verified,M1,eu,,,,,,,
order_placed,M1,eu,,ORD-1,149.99,,,,
order_confirmed,M1,eu,,ORD-1,,,,,
review_approved,M1,eu,,ORD-1,,,2,true,
order_returned,M1,eu,ret-1,ORD-1,,49.99,,,
granted,M1,us,game-1,,,,,,30
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    claims_here(tmp_path, "migrate")
    return tmp_path


def take_in(home: Path, text: str, name: str = "events.csv") -> tuple[int, str, str]:
    path = home / name
    path.write_text(text, encoding="utf-8")
    done = claims_here(home, "points", "import", path)
    return done.returncode, done.stdout, done.stderr


def balance(home: Path, site: str = "eu") -> int:
    done = claims_here(home, "points", "balance", "m1", "--site", site, "--json")
    (found,) = json.loads(done.stdout)
    assert found["balance"] == sum(lot["left"] for lot in found["lots"])
    return int(found["balance"])


def test_a_file_of_events_is_taken_in_once(home: Path) -> None:
    first = take_in(home, EVENTS)
    again = take_in(home, EVENTS)

    assert first == (0, "6 events taken in, 0 known before, 0 bad lines\n", "")
    assert again[1].startswith("0 events taken in, 6 known before")
    assert balance(home) == 100 + 149 + 5 - 49
    assert balance(home, "us") == 30


def test_json_lines_are_taken_in_by_the_same_rules(home: Path) -> None:
    lines = [
        {"event": "granted", "member_id": "M1", "site": "eu", "id": "a", "points": 7},
        {"event": "granted", "member_id": "M1", "site": "eu", "id": "b", "points": "x"},
        {"event": "spent", "member_id": "M1", "site": "eu", "id": "c", "points": 5},
    ]

    code, out, err = take_in(home, "\n".join(map(json.dumps, lines)), "e.jsonl")

    assert (code, out) == (1, "2 events taken in, 0 known before, 1 bad line\n")
    assert "e.jsonl:2: points: expected a whole number" in " ".join(err.split())
    assert balance(home) == 2


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (
            "granted,M1,eu,g,,,,,,0",
            "points: expected a whole number from 1 to 100,000,000",
        ),
        ("granted,M1,eu,,,,,,,5", "granted needs id"),
        ("order_confirmed,M1,eu,,ORD-9,,,,,", "order_unknown: the ledger does not"),
        ("spent,M1,eu,s,,,,,,5", "not_enough_points"),
        (
            "teleported,M1,eu,,,,,,,",
            "event: expected one of email_verified, order_placed",
        ),
        ("email_verified,M1,EU!,,,,,,,", "site: expected a name such as eu"),
        ("email_verified,M1", "2 cells, but the header has 10"),
        (
            "order_placed,M1,eu,,ORD-1,1.999,,,,",
            "product_usd: expected an amount in USD such as 80.00",
        ),
    ],
)
def test_a_bad_line_is_listed_and_the_others_count(
    home: Path, row: str, fault: str
) -> None:
    header = EVENTS.splitlines()[0]

    code, out, err = take_in(home, f"{header}\n{row}\nemail_verified,M1,eu,,,,,,,\n")

    assert code == 1
    assert out == "1 event taken in, 0 known before, 1 bad line\n"
    assert f"events.csv:2: {fault}" in " ".join(err.split())
    assert balance(home) == 100


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "this is no JSON"),
        ("[]", "expected an object with the fields of an event"),
        (
            '{"event": "granted", "site": "eu", "id": "a", "points": 5}',
            "member_id is missing; each event has event, member_id, site",
        ),
        (
            '{"event": "spent", "member_id": "M1", "site": "eu", "sum": 5}',
            "unknown field 'sum'",
        ),
    ],
)
def test_a_line_of_json_is_refused_in_plain_words(
    home: Path, line: str, fault: str
) -> None:
    code, _, err = take_in(home, f"{line}\n", "e.jsonl")

    assert code == 1
    assert err.strip().endswith(f"e.jsonl:1: {fault}")


@pytest.mark.parametrize("name", PointsEvent.model_fields)
def test_every_field_is_refused_in_words_of_our_own(name: str) -> None:
    event = {"event": "email_verified", "member_id": "M1", "site": "eu"}

    with pytest.raises(ValidationError) as refused:
        PointsEvent.model_validate(event | {name: ["no", "such"]})

    told = faults(refused.value)
    assert told.startswith(f"{name}: expected ")
    assert "nput" not in told


def test_events_of_the_past_are_dated_and_expire(home: Path) -> None:
    header = "event,member_id,site,id,points,valid_days,at"
    code, _, _ = take_in(
        home, f"{header}\ngranted,M1,eu,a,5,7,2020-01-01T10:00:00+00:00\n"
    )
    future = take_in(home, f"{header}\ngranted,M1,eu,b,5,7,2999-01-01T10:00:00Z\n")

    assert code == 0
    assert balance(home) == 0
    assert "not_yet" in future[2]
    assert "0 accounts" in claims_here(home, "points", "sweep").stdout


def test_what_is_no_file_of_events_is_said_in_a_line(home: Path) -> None:
    assert "unknown column 'evnt'; did you mean event" in take_in(home, "evnt,site")[2]
    assert "is empty" in take_in(home, "\n")[2]
    lacking = " ".join(take_in(home, "event,points\n")[2].split())
    assert "missing columns: member_id, site; event, member_id, site are" in lacking
    assert "may be followed by id, order_number" in lacking
    missing = claims_here(home, "points", "import", home / "nothing.csv")
    assert (missing.returncode, missing.stdout) == (2, "")


def test_a_person_adjusts_with_name_and_reason_and_never_below_zero(
    home: Path,
) -> None:
    who = ("--by", "jane", "--reason", "a [gift]", "--site", "eu")
    mistyped = claims_here(home, "points", "adjust", "M1", "--points", "50", *who)
    claims_here(home, "points", "adjust", "M1", "--new", "--points", "50", *who)
    once = ("points", "adjust", "M1", "--points", "-20", "--key", "k1", *who)
    done, again = claims_here(home, *once), claims_here(home, *once)
    below = claims_here(home, "points", "adjust", "M1", "--points", "-31", *who)
    nobody = claims_here(
        *(home, "points", "adjust", "M1", "--site", "eu", "--points", "5"),
        *("--by", " ", "--reason", "x"),
    )
    told = claims_here(home, "points", "history", "M1").stdout

    assert mistyped.returncode == 2
    assert "M1 has no points on eu" in mistyped.stderr
    assert "eu: -20; now 30 points" in done.stdout
    assert "was adjusted before; now 30 points" in again.stdout
    assert below.returncode == 1
    assert "the account holds fewer points" in below.stderr
    assert nobody.returncode == 2
    assert "Adjusted by a person: a [gift]" in told
    assert told.count("jane") == 2
    assert balance(home) == 30


def test_a_member_without_points_is_said_so(home: Path) -> None:
    done = claims_here(home, "points", "balance", "M404")

    assert done.returncode == 1
    assert "member M404 has no points account" in done.stderr
