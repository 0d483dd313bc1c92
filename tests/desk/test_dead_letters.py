"""Dead letters at the desk and on the command line."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import an_order
from tests.builders_mail import make_claim_mail
from tests.desk.test_operations import seen
from tests.desk.visitors import Visitor, signed_in
from tests.flow.test_operating import dead, park
from tests.office import Office, an_office
from worker.cli import main
from worker.domain.mail import Fate
from worker.domain.staff import StaffRole

OPERATOR = StaffRole.OPERATOR
HERE = "/operations/dead"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office", an_order()) as office:
        yield office


def claims(
    office: Office, monkeypatch: pytest.MonkeyPatch, *words: str
) -> int | str | None:
    """Run a command on the office's record; return its exit code."""
    monkeypatch.setenv("CLAIMS_DATA_DIR", str(office.parts.data_dir))
    monkeypatch.setattr("sys.argv", ["claims", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_no_dead_letters_is_good_news(office: Office) -> None:
    with signed_in(office, OPERATOR) as visitor:
        assert "No dead letters. Good." in seen(visitor, HERE)


def test_the_list_says_why_what_about_and_how_often(office: Office) -> None:
    mail_id = park(office)
    (letter,) = dead(office)

    with signed_in(office, StaffRole.VIEWER) as visitor:
        words = seen(visitor, HERE)
        page = visitor.get(HERE).text

    assert f"read {letter.job_id} raw_damaged mail {mail_id} 0 s ago 1" in words
    assert f'href="/triage/{mail_id}"' in page
    assert "An operator tries them again" in words


def test_T8_a_dead_letter_is_tried_again_from_its_page(office: Office) -> None:
    mail_id = park(office)
    (letter,) = dead(office)

    with signed_in(office, OPERATOR) as visitor:
        words = seen(visitor, f"{HERE}/{letter.job_id}")
        first = visitor.post(HERE, do="requeue", job=letter.job_id)
        said = seen(visitor, HERE)
        again = visitor.post(HERE, do="requeue", job=letter.job_id)
        said_again = seen(visitor, HERE)
    office.run()

    assert "The raw mail in the store is not the one that came." in words
    assert "Put the file back from the backup" in words
    assert (first.status_code, again.status_code) == (303, 303)
    assert "1 dead letter tried again." in said
    assert "Nothing was left to do." in said_again
    assert office.fate(mail_id) == Fate.CLAIM


def test_the_raw_mail_is_downloaded_and_never_shown(office: Office) -> None:
    raw = make_claim_mail()
    park(office, raw)

    with signed_in(office, OPERATOR) as visitor:
        answer = visitor.client.get(f"{HERE}/{dead(office)[0].job_id}/raw")

    assert answer.content == raw
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "message/rfc822"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_all_that_match_are_tried_again_and_no_other(office: Office) -> None:
    park(office, make_claim_mail(), make_claim_mail(subject="another"))
    first, second = sorted(one.job_id for one in dead(office))
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            f"update jobs set reason = 'other' where id = {second}"  # noqa: S608
        )

    with signed_in(office, OPERATOR) as visitor:
        words = seen(visitor, f"{HERE}?reason=raw_damaged")
        until = until_of(visitor)
        visitor.post(HERE, do="requeue_all", reason="raw_damaged", until=until)

    assert "Try the one that matches" in words
    assert f"read {first}" in words
    assert f"read {second}" not in words
    assert [one.job_id for one in dead(office)] == [second]


def until_of(visitor: Visitor) -> str:
    """What the list's form sends along: how far it counted."""
    found = re.search(r'name="until" value="([^"]+)"', visitor.get(HERE).text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("do", ["requeue_all", "discard_all"])
def test_what_died_after_the_page_was_made_is_not_among_all_that_match(
    office: Office, do: str
) -> None:
    park(office)
    (seen_one,) = dead(office)

    with signed_in(office, OPERATOR) as visitor:
        until = until_of(visitor)
        office.clock.at += timedelta(minutes=1)
        park(office, make_claim_mail(subject="another"))
        blind = visitor.post(HERE, do=do, why="spam")
        before = len(dead(office))
        done = visitor.post(HERE, do=do, why="spam", until=until)

    assert (blind.status_code, before) == (422, 2)
    assert done.status_code == 303
    (left,) = dead(office)
    assert left.job_id != seen_one.job_id


def test_discarding_asks_why_and_keeps_what_was_chosen(office: Office) -> None:
    park(office)
    (letter,) = dead(office)

    with signed_in(office, OPERATOR) as visitor:
        visitor.get(HERE)
        refused = visitor.post(HERE, do="discard", job=letter.job_id)
        kept = len(dead(office))
        visitor.post(HERE, do="discard", job=letter.job_id, why="spam")
        log = seen(visitor, "/operations/log")

    assert refused.status_code == 422
    assert "Say why" in refused.text
    assert f'value="{letter.job_id}" data-shortcut="x" checked' in refused.text
    assert (kept, len(dead(office))) == (1, 0)
    assert f"mei dead letter discarded job {letter.job_id} spam" in log


def test_nothing_chosen_is_said(office: Office) -> None:
    park(office)

    with signed_in(office, OPERATOR) as visitor:
        visitor.get(HERE)
        refused = visitor.post(HERE, do="requeue")

    assert refused.status_code == 422
    assert "Choose at least one" in refused.text


def test_a_job_that_is_no_dead_letter_leads_back_to_the_list(office: Office) -> None:
    office.deliver(make_claim_mail())

    with signed_in(office, OPERATOR) as visitor:
        answer = visitor.get(f"{HERE}/1")
        words = seen(visitor, HERE)

    assert answer.headers["location"] == HERE
    assert "Job 1 is no dead letter" in words


def test_a_long_list_has_pages(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.desk.dead_letters.A_PAGE", 1)
    park(office, make_claim_mail(), make_claim_mail(subject="another"))
    first, second = sorted(one.job_id for one in dead(office))

    with signed_in(office, OPERATOR) as visitor:
        newest = seen(visitor, HERE)
        oldest = seen(visitor, f"{HERE}?below={second}")

    assert f"read {second}" in newest
    assert f"read {first} " not in newest
    assert "Older" in newest
    assert f"read {first}" in oldest
    assert "Older" not in oldest


# -- commands -----------------------------------------------------------------------


def test_the_commands_list_show_and_requeue(
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mail_id = park(office)
    (letter,) = dead(office)
    number = str(letter.job_id)
    capsys.readouterr()  # what was logged

    listed = claims(office, monkeypatch, "dead", "list", "--json")
    shown_list = json.loads(capsys.readouterr().out)
    showed = claims(office, monkeypatch, "dead", "show", number)
    shown = capsys.readouterr().out
    requeued = claims(office, monkeypatch, "dead", "requeue", number, "--by", "jane")
    said = capsys.readouterr().out
    again = claims(office, monkeypatch, "dead", "requeue", number, "--by", "jane")

    assert (listed, showed, requeued, again) == (0, 0, 0, 1)
    assert [(one["job"], one["mail"]) for one in shown_list] == [
        (letter.job_id, mail_id)
    ]
    assert "raw_damaged" in shown
    assert said == "1 dead letter requeued.\n"
    assert office.fate(mail_id) is None
    assert office.parts.desk.actions.newest(limit=1)[0].by == "jane"


def test_the_command_discards_all_of_a_kind(
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    park(office, make_claim_mail(), make_claim_mail(subject="another"))
    words = ("--by", "jane", "--reason", "a test")

    none = claims(office, monkeypatch, "dead", "discard", *words)
    both = claims(office, monkeypatch, "dead", "discard", "1", "--all", *words)
    capsys.readouterr()
    done = claims(
        office, monkeypatch, "dead", "discard", "--all", "--kind", "read", *words
    )

    assert (none, both, done) == (2, 2, 0)
    assert capsys.readouterr().out == "2 dead letters discarded.\n"
    assert dead(office) == []
