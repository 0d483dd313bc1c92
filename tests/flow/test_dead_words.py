"""What dead letters and alerts say to a person."""

import re
from pathlib import Path

import pytest

from worker.domain.alert_words import about
from worker.domain.dead_words import explain

LONG = "Nothing helped for three days."
READER = ("timeout", "memory", "crashed", "unreadable")


def codes_of_the_program() -> set[str]:
    """Every code that a step gives up with, as the sources spell them."""
    sources = "".join(
        path.read_text(encoding="utf-8")
        for path in Path("worker").rglob("*.py")
        if path.name != "common.py"
    )
    given_up = re.findall(r'GiveUp\("(\w+)"\)', sources)
    put_off = re.findall(r'RetryLater\(\s*"(\w+)"', sources)
    kinds = re.findall(r'_quarantine\(job, "(\w+)"', sources)
    lines = re.findall(r"\n +reason = (.+)", sources)
    named = re.findall(r'"((?:raw|reader|no)_\w+)"', " ".join(lines))
    return {*given_up, *put_off, *kinds, *named, *(f"reader_{one}" for one in READER)}


def test_every_code_that_ends_a_job_is_explained() -> None:
    codes = codes_of_the_program()

    assert {"no_claim", "order_gone", "kills_its_worker", "raw_damaged"} <= codes
    assert [one for one in sorted(codes) if one in explain(one).says] == []


@pytest.mark.parametrize(
    ("reason", "says", "do"),
    [
        ("raw_missing", "The raw mail is not in the raw store.", "Put the file back"),
        (
            "gave_up_after_smtp_451",
            f"{LONG} The relay did not take the e-mail: it answered 451.",
            "See `claims doctor`",
        ),
        (
            "gave_up_after_drafts_login_refused",
            f"{LONG} The staff's mailbox could not be written to: login refused.",
            "See `claims doctor`",
        ),
        (
            "KeyError steps/intake.py:71",
            "Our own code failed at it three times: KeyError, at steps/intake.py:71.",
            "Report it",
        ),
        (
            "ValueError",
            "Our own code failed at it three times: ValueError.",
            "Report it",
        ),
        ("some_code", "It ended with the code some_code.", "Look at the log"),
    ],
)
def test_a_reason_is_a_sentence_and_what_to_do(reason: str, says: str, do: str) -> None:
    found = explain(reason)

    assert found.says == says
    assert found.do.startswith(do)


@pytest.mark.parametrize(
    ("code", "ref", "told"),
    [
        ("dead_letter", "job:12", "job 12"),
        ("email_refused", "email:7", "e-mail 7"),
        ("several_orders", "mail:3", "mail 3"),
        ("warn_24h", "claim:3:2026-11-25", ""),
        ("smtp_blocked", "relay:login_refused:x", "the relay answered login refused"),
        ("watch_poller", "poller:not_running:20261118T191200", "not running"),
        ("uidvalidity_changed", "mailbox:1:8", ""),
    ],
)
def test_an_alert_says_what_it_is_about_in_words(
    code: str, ref: str, told: str
) -> None:
    assert about(code, ref) == told
