"""`claims replay`, as it is typed, on a record and raw mails on disk."""

import json
from pathlib import Path

import pytest

from tests.builders import an_order
from tests.builders_mail import make_claim_mail
from tests.commands import Done, one_line
from tests.commands import claims_here as claims
from tests.office import an_office

NOW = {"CLAIMS_CLOCK": "2026-11-19T00:00:00Z"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a record of one claim, and two other policies beside it."""
    with an_office(tmp_path / "data", an_order()) as office:
        office.deliver(make_claim_mail())
    (tmp_path / "lower.toml").write_text('damage_cap_mode = "lower"\n')
    (tmp_path / "same.toml").write_text('damage_cap_mode = "sum"\n')
    return tmp_path


def replayed(folder: Path, *words: str | Path) -> Done:
    return claims(folder, "replay", *words, **NOW)


def test_a_difference_is_listed_and_the_exit_code_is_1(folder: Path) -> None:
    done = replayed(folder, "--diff", "--policy", "lower.toml")

    assert done.returncode == 1, done.stderr
    for shown in (
        "CLM-000001",
        "ORD-20261104-0183",
        "at most 118.75",
        "at most 18.75",
        "e-mail draft approved",
        "1 claim would differ under the changed rules",
        "0 claims are judged otherwise by the present rules",
    ):
        assert shown in done.stdout
    assert done.stderr == ""


def test_the_same_in_json_for_programs(folder: Path) -> None:
    done = replayed(folder, "--diff", "--policy", "lower.toml", "--json")

    assert done.returncode == 1, done.stderr
    data = json.loads(done.stdout)
    assert data["now"].startswith("2026-11-19T00:00")
    (one,) = data["differences"]
    assert one["claim"] == "CLM-000001"
    assert one["changes"][0] == {
        "what": "proposal",
        "name": "total_usd",
        "before": "at most 118.75",
        "after": "at most 18.75",
        "parts": [],
        "diff": [],
    }


@pytest.mark.parametrize("words", [("--policy", "same.toml"), ()], ids=str)
def test_no_difference_is_exit_code_0(folder: Path, words: tuple[str, ...]) -> None:
    done = replayed(folder, "--diff", *words)

    assert done.returncode == 0, done.stderr
    assert "1 mail, 1 claim;" in done.stdout


def test_the_present_rules_are_held_against_the_record(folder: Path) -> None:
    done = claims(folder, "replay", CLAIMS_POLICY="lower.toml", **NOW)

    assert done.returncode == 1, done.stderr
    assert "1 claim is judged otherwise" in done.stdout
    assert "at most" not in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--policy", "none.toml"], "--policy none.toml: cannot be read"),
        (["--policy", "wrong.toml"], "damage_cap_mode"),
        (["--templates", "none"], "--templates none has no e-mails"),
    ],
    ids=str,
)
def test_rules_that_cannot_be_used_are_one_line_and_exit_code_2(
    folder: Path, words: list[str], said: str
) -> None:
    (folder / "wrong.toml").write_text('damage_cap_mode = "lowest"\n')

    done = replayed(folder, "--diff", *words)

    assert done.returncode == 2
    assert said in one_line(done)


def test_other_templates_are_taken_with_or_without_their_parent_folder(
    folder: Path,
) -> None:
    kind = folder / "mine" / "emails" / "received"
    kind.mkdir(parents=True)
    (kind / "subject.txt").write_text("We have it")
    (kind / "body.txt").write_text("Thank you.")
    (kind / "body.html").write_text("<p>Thank you.</p>")

    for path in ("mine", "mine/emails"):
        done = replayed(folder, "--diff", "--templates", path)

        assert done.returncode == 1, done.stderr
        assert "We have it" in done.stdout
        assert "draft approved" in done.stdout  # of which there is no template


def test_help_has_examples_and_the_exit_codes(tmp_path: Path) -> None:
    done = claims(tmp_path, "replay", "--help")

    assert done.returncode == 0
    assert "claims replay --diff --policy new.toml" in done.stdout
    assert "1: there are differences" in " ".join(done.stdout.split())
