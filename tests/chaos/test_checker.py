"""The checker objects to each planted violation, and to nothing in a healthy office."""

import hashlib
import shutil
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.builders import an_order
from tests.builders_mail import auto_reply, make_claim_mail
from tests.chaos.checker import Measure, Scene, Violation, check
from tests.office import an_office
from tests.services import SunkMail


@dataclass(frozen=True, slots=True)
class Left:
    """What a run left behind: the scene, whose record can be changed."""

    scene: Scene
    database: Path


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Left:
    home = tmp_path_factory.mktemp("healthy") / "office"
    raws = [make_claim_mail(files=[]), auto_reply()]
    raws.append(make_claim_mail(files=[], text="Is there any news?"))
    with an_office(home, an_order()) as office:
        office.deliver(*raws)
        sunk = [
            SunkMail("claims@logistics.example", (to,), raw, 1, "here", None)
            for to, raw in office.relay.taken
        ]
    scene = Scene(
        database_url="",
        mails={
            (7, uid): hashlib.sha256(raw).hexdigest()
            for uid, raw in enumerate(raws, start=1)
        },
        raw=home / "raw",
        sunk=sunk,
    )
    return Left(scene, home / "claims.db")


@pytest.fixture
def left(healthy: Left, tmp_path: Path) -> Left:
    database = tmp_path / "claims.db"
    shutil.copyfile(healthy.database, database)
    shutil.copytree(healthy.scene.raw, tmp_path / "raw")
    url = f"sqlite:///{database}"
    scene = replace(healthy.scene, database_url=url, raw=tmp_path / "raw")
    return Left(scene, database)


def plant(left: Left, statement: str) -> None:
    """Change the record behind the program's back."""
    with sqlite3.connect(left.database) as connection:
        connection.execute(statement)
    connection.close()


def names(violations: list[Violation]) -> set[str]:
    return {one.invariant for one in violations}


def test_a_healthy_office_has_no_violation(left: Left) -> None:
    scene = left.scene

    assert scene.mails
    assert list(scene.sunk)
    assert check(scene) == []


@pytest.mark.parametrize(
    ("statement", "invariant", "words"),
    [
        (
            "update mails set fate = null, settled_at = null where id = 2",
            "I1",
            "no fate",
        ),
        ("update mails set sha256 = null where id = 2", "I1", "no digest"),
        ("delete from claim_events where seq = 1", "I2", "opened 0 times"),
        (
            "update claim_events set event = 'claim.opened' where seq = 2",
            "I2",
            "2 times",
        ),
        ("update mails set claim_id = 1 where id = 2", "I2", "3 mails and 2 events"),
        ("update claim_events set seq = 99 where seq = 2", "I3", "numbered"),
        ("update claims set state = 'approved'", "I3", "is approved"),
        ("update claim_events set state_before = 'paid' where seq = 2", "I3", "leaves"),
        (
            "update emails set message_id = '<x@y>' where id = 1",
            "I4",
            "not at the relay",
        ),
        ("update emails set status = 'held' where id = 1", "I4", "0 are accounted"),
        ("update emails set mail_id = 2 where id = 1", "I5", "mail 2: auto_reply"),
        (
            (
                "update jobs set state = 'running', token = 't', lease_until_ms = 1"
                " where id = 1"
            ),
            "I6",
            "has run out",
        ),
        (
            "update jobs set state = 'ready', run_at_ms = 1 where id = 1",
            "I6",
            "overdue",
        ),
        ("update jobs set state = 'waiting' where kind = 'understand'", "I6", "waits"),
        ("update emails set status = 'queued' where id = 1", "I6", "no job sends it"),
        ("update jobs set failures = 4 where id = 1", "I7", "4 failures"),
        ("update jobs set vanished = 7 where id = 1", "I7", "7 processes"),
        (
            "update jobs set state = 'quarantined', reason = '' where id = 1",
            "I7",
            "without a reason",
        ),
        ("update mails set fate = 'parked' where id = 2", "I7", "no dead letter"),
        ("update mailboxes set trouble = 'tls'", "I8", "in trouble"),
    ],
)
def test_a_planted_change_of_the_record_is_named(
    left: Left, statement: str, invariant: str, words: str
) -> None:
    scene = left.scene

    plant(left, statement)

    assert [v for v in check(scene) if v.invariant == invariant and words in v.what]


def test_a_mail_that_nobody_stored_is_named(left: Left) -> None:
    scene = left.scene
    more = {**scene.mails, (7, 99): "0" * 64}

    (violation,) = check(replace(scene, mails=more))

    assert str(violation) == (
        "I1: UID 99 of UIDVALIDITY 7 is in the mailbox and not in the record"
    )


def test_other_bytes_than_the_server_has_are_named(left: Left) -> None:
    scene = left.scene

    found = check(replace(scene, mails={**scene.mails, (7, 1): "0" * 64}))

    assert names(found) == {"I1"}


@pytest.mark.parametrize("change", ["damaged", "missing"])
def test_a_blob_that_is_damaged_or_missing_is_named(left: Left, change: str) -> None:
    scene = left.scene
    blob = next(path for path in scene.raw.rglob("*") if len(path.name) == 64)

    blob.unlink() if change == "missing" else blob.write_bytes(b"x")

    assert change in str(check(scene)[0])


def test_a_second_copy_needs_an_uncertain_attempt(left: Left) -> None:
    scene = left.scene
    twice = replace(scene, sunk=[*scene.sunk, *list(scene.sunk)[:1]])

    assert "2 copies at the relay, and 1 are accounted" in str(check(twice)[0])
    plant(left, "update emails set uncertain = 1 where id = 1")
    assert check(twice) == []


def test_copies_that_differ_are_named(left: Left) -> None:
    scene = left.scene
    first = next(iter(scene.sunk))
    plant(left, "update emails set uncertain = 1 where id = 1")

    found = check(
        replace(scene, sunk=[*scene.sunk, replace(first, raw=first.raw + b"!")])
    )

    assert "differ" in str(found[0])


def test_an_e_mail_that_no_row_accounts_for_is_named(left: Left) -> None:
    scene = left.scene
    plant(left, "delete from emails where id = 1")

    assert "which the record does not know" in str(check(scene)[-1])


def test_more_answers_to_a_stranger_than_allowed_are_named(left: Left) -> None:
    scene = replace(left.scene, most_to_stranger=0)
    plant(left, "update mails set sender_tier = 'C' where id = 1")

    assert names(check(scene)) == {"I5"}


def test_a_measure_out_of_bounds_is_named(left: Left) -> None:
    scene = replace(left.scene, measures=(Measure("memory in MB", 900, 300),))

    assert [str(one) for one in check(scene)] == [
        "I9: memory in MB is 900, and may be 300"
    ]


def test_a_canary_in_a_log_is_named_and_not_repeated(
    left: Left, tmp_path: Path
) -> None:
    log = tmp_path / "claims.log"
    log.write_text('{"event": "mail", "from": "Lena.Hoffmann@mail.example"}')
    scene = replace(left.scene, logs=(log,), canaries=("tea set", "lena.hoffmann@mail"))

    assert [str(one) for one in check(scene)] == ["I10: canary 2 is in claims.log"]
