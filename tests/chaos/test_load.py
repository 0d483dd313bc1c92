"""The canaries are in the mails of the load, and one of them in a log is found."""

import json
import random
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from tests.chaos import load
from tests.chaos.checker import Scene, check
from tests.chaos.load import make_load
from tests.chaos.rig import CANARIES
from tests.office import an_office

MAILS = 60


def words_of(raw: bytes) -> Iterator[str]:
    """What a mail says: who wrote, about what, and the text."""
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    yield str(mail["From"])
    yield str(mail["Subject"])
    yield mail.get_content()


@pytest.fixture(scope="module")
def said() -> list[str]:
    """Each thing that any mail of a load says."""
    chance = random.Random(7)  # noqa: S311 - the same mails every time
    return [one for raw in make_load(MAILS, chance).mails for one in words_of(raw)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """What is left of a run in which no mail came, and its log, empty yet."""
    home = tmp_path_factory.mktemp("quiet") / "office"
    with an_office(home):
        pass
    return Scene(
        database_url=f"sqlite:///{home / 'claims.db'}",
        mails={},
        raw=home / "raw",
        logs=(home / "claims.log",),
        canaries=CANARIES,
    )


def invariants_with(scene: Scene, **line: object) -> set[str]:
    """Which invariants do not hold where this is the log's one line."""
    (log,) = scene.logs
    log.write_text(json.dumps({"event": "mail_stored", **line}) + "\n")
    return {violation.invariant for violation in check(scene)}


@pytest.mark.parametrize("canary", load.CANARIES)
def test_each_canary_of_the_load_is_in_its_mails(said: list[str], canary: str) -> None:
    assert any(canary.lower() in one.lower() for one in said)
    assert canary in CANARIES


def test_whatever_a_mail_of_the_load_says_would_be_found_in_a_log(
    said: list[str], scene: Scene
) -> None:
    missed = [one for one in set(said) if invariants_with(scene, error=one) != {"I10"}]

    assert missed == []


@pytest.mark.parametrize("canary", CANARIES)
def test_each_canary_would_be_found_in_a_log(scene: Scene, canary: str) -> None:
    assert invariants_with(scene, error=f"got {canary}1") == {"I10"}


def test_a_line_with_our_own_numbers_has_no_canary(scene: Scene) -> None:
    assert invariants_with(scene, mail_key="INBOX/7/12", claim_id=7000) == set()
