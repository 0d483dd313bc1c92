"""A replay lists what changed rules alone would alter, and changes nothing."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.builders import an_order
from tests.builders_mail import (
    File,
    bounce,
    claim_files,
    make_claim_mail,
    make_mail,
)
from tests.office import OPENING, Office, an_office
from worker import decide
from worker.adapters.raw import LocalRawStore
from worker.adapters.resources import folder
from worker.domain.claim import ClaimType
from worker.domain.documents import DocumentKind
from worker.domain.errors import RetryLater
from worker.domain.orders import Order
from worker.outcomes import Difference
from worker.replaying import Replayed, Rules, as_dict, replay

DAMAGE, LOST, MISSING, BARE, LATER = (f"ORD-20261104-010{n}" for n in range(1, 6))
TOTAL = "Hello,\n\nmy parcel never arrived. It is lost.\n\nLena"
PARTIAL = "Hello,\n\none of the two items is missing from the parcel.\n\nLena"
LOWER = 'damage_cap_mode = "lower"\n'
STRANGER = "Somebody Else <somebody@other.example>"


def about(
    order: str,
    *headers: tuple[str, str],
    text: str | None = None,
    files: Sequence[File] | None = None,
    sender: str | None = None,
) -> bytes:
    """A claim mail about one order, with a Message-ID of its own."""
    fields: dict[str, object] = {"files": files, "headers": headers}
    fields |= {} if text is None else {"text": text}
    fields |= {} if sender is None else {"sender": sender}
    raw = make_claim_mail(order=order, **fields)  # type: ignore[arg-type]
    number = len(files or ()) + len(text or "") + len(sender or "")
    return raw.replace(b"<one@", f"<{order}-{number}@".encode())


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """The installation's policy file, empty at first."""
    path = tmp_path / "policy.toml"
    path.write_text("")
    return path


@pytest.fixture
def office(tmp_path: Path, policy: Path) -> Iterator[Office]:
    numbers = (DAMAGE, LOST, MISSING, BARE, LATER)
    orders = [an_order(number) for number in numbers]
    with an_office(tmp_path / "office", *orders, policy=policy) as office:
        yield office


@pytest.fixture
def full(office: Office) -> Office:
    """An office with a claim of each type, and one that waits for its documents."""
    office.deliver(
        about(DAMAGE),
        about(LOST, text=TOTAL, files=claim_files(LOST)[:2]),
        about(MISSING, text=PARTIAL),
        about(BARE, files=[]),
    )
    return office


def rules(tmp_path: Path, text: str) -> Rules:
    path = tmp_path / "changed.toml"
    path.write_text(text)
    return Rules(policy=path)


def replayed(office: Office, changed: Rules | None = None) -> Replayed:
    return replay(office.parts, changed or Rules(), reader=office.parts.reader)


def number_of(office: Office, order: str) -> int:
    ((claim, _),) = office.store.claims.of_order(order)
    return claim.claim_id


def names(difference: Difference) -> list[str]:
    return [f"{one.what} {one.name}" for one in difference.changes]


def only(found: Replayed) -> Difference:
    (difference,) = found.differences
    return difference


def record_of(office: Office) -> list[str]:
    path = sa.make_url(office.parts.database_url).database
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


# -- what changed rules alter ---------------------------------------------------------


def test_the_lower_limit_changes_the_proposals_of_damage_and_nothing_else(
    full: Office, tmp_path: Path
) -> None:
    found = replayed(full, rules(tmp_path, LOWER))

    one = only(found)
    assert one.claim_id == number_of(full, DAMAGE)
    assert names(one) == [
        "proposal total_usd",
        "proposal lines",
        "email draft approved",
    ]
    assert one.changes[0].before == "at most 118.75"
    assert one.changes[0].after == "at most 18.75"
    assert any("18.75 USD" in line for line in one.changes[2].diff)
    assert found.judged_otherwise == 0
    assert found.present_version != found.changed_version


def test_a_shorter_time_to_respond_changes_the_clocks_that_run(
    full: Office, tmp_path: Path
) -> None:
    found = replayed(full, rules(tmp_path, 'respond_within = "5 days"\n'))

    changed = {one.claim_id: names(one) for one in found.differences}
    assert number_of(full, BARE) not in changed
    assert len(changed) == 3
    for said in changed.values():
        assert "clock respond_by" in said
        assert "email received" in said
        assert not any(name.startswith(("verdict", "proposal")) for name in said)


def test_a_check_that_counts_otherwise_changes_state_and_verdict(
    tmp_path: Path,
) -> None:
    placed = an_order(DAMAGE, guarantee_fee_usd=None)
    with an_office(tmp_path / "office", placed) as office:
        office.deliver(about(DAMAGE))
        office.store.orders.import_orders([an_order(DAMAGE)])

        one = only(replayed(office))

    assert "claim state" in names(one)
    assert "verdict G1" in names(one)


def test_a_changed_template_changes_the_e_mails_of_its_kind_and_nothing_else(
    full: Office, tmp_path: Path
) -> None:
    full.deliver(make_claim_mail(subject="my parcel", text="Where is it?", files=[]))
    emails = tmp_path / "emails"
    shutil.copytree(folder("templates") / "emails", emails)
    for kind in ("received", "cannot_match"):
        body = emails / kind / "body.txt"
        text = body.read_text()
        end = text.rindex("{% endblock")
        body.write_text(f"{text[:end]}\nThank you for waiting.\n{text[end:]}")

    found = replayed(full, Rules(templates=emails))

    said = [(one.ref, names(one)) for one in found.differences]
    assert len(said) == 5
    assert said[-1] == ("mail 5", ["email cannot_match"])
    assert all(names == ["email received"] for _, names in said[:-1])
    assert "+Thank you for waiting." in found.differences[0].changes[0].diff


def test_a_template_that_fails_is_shown_as_an_e_mail_that_cannot_be_made(
    full: Office, tmp_path: Path
) -> None:
    emails = tmp_path / "emails"
    shutil.copytree(folder("templates") / "emails", emails)
    (emails / "received" / "body.txt").write_text("{{ nobody_knows_this }}")

    found = replayed(full, Rules(templates=emails))

    assert len(found.differences) == 4
    for one in found.differences:
        (change,) = one.changes
        assert change.after == "could not be made: its template fails"


# -- the same rules give the same ----------------------------------------------------


@pytest.mark.slow
def test_the_present_rules_give_what_is_stored_after_all_kinds_of_days(
    full: Office, tmp_path: Path
) -> None:
    first = full.emails[0]
    full.clock.at = OPENING + timedelta(hours=3)
    full.deliver(
        about(LATER, sender=STRANGER),
        make_mail(subject="Re: it", headers=[("In-Reply-To", first.message_id)]),
        make_mail(
            subject="Out of office", headers=[("Auto-Submitted", "auto-replied")]
        ),
    )
    full.deliver(about(DAMAGE))  # the same mail once more
    full.wait_until(OPENING + timedelta(days=4))
    full.deliver(about(BARE, files=claim_files(BARE)))
    full.wait_until(OPENING + timedelta(days=7))
    response = next(one for one in full.emails if one.kind == "response")
    full.deliver(bounce(original_id=response.message_id))
    full.wait_until(OPENING + timedelta(days=30))

    found = replayed(full)

    assert found.differences == ()
    assert found.judged_otherwise == found.unjudged == found.left_out == 0
    assert replayed(full, rules(tmp_path, 'version = "new name"\n')).differences == ()


def test_what_people_decided_is_carried_over(full: Office, tmp_path: Path) -> None:
    ids = {order: number_of(full, order) for order in (DAMAGE, LOST, MISSING)}
    full.clock.at = OPENING + timedelta(days=1)
    claim = decide.find_claim(full.parts, str(ids[DAMAGE]))
    decide.approve(full.parts, claim, amount="118.75", by="jane", reason="Seen.")
    claim = decide.find_claim(full.parts, str(ids[LOST]))
    wanted = decide.approval(full.parts, claim, amount=None, by="jane")
    proposed = decide.propose(full.parts, claim, wanted, by="jane")
    decide.approve(full.parts, proposed.claim, amount=None, by="kim")
    claim = decide.find_claim(full.parts, str(ids[LOST]))
    decide.complete(full.parts, claim, by="joe", reference="PAY-1")
    claim = decide.find_claim(full.parts, str(ids[MISSING]))
    decide.reject(full.parts, claim, clauses=("G4",), by="jane", reason="Found it.")
    full.run()
    full.clock.at = OPENING + timedelta(days=12)

    assert replayed(full).differences == ()

    one = only(replayed(full, rules(tmp_path, LOWER)))
    assert one.claim_id == ids[DAMAGE]
    assert one.is_decided
    assert names(one) == ["proposal total_usd", "proposal lines"]


def test_a_type_that_was_chosen_and_a_document_that_was_waived_stay(
    office: Office, tmp_path: Path
) -> None:
    office.deliver(about(DAMAGE, files=claim_files(DAMAGE)[1:], text="Please help me."))
    office.clock.at += timedelta(hours=1)
    kind, proof = ClaimType.PARTIAL_LOSS, DocumentKind.PROOF_OF_PURCHASE
    decide.choose_type(office.parts, office.claim, kind, by="jane")
    office.run()
    decide.waive(office.parts, office.claim, proof, by="jane", reason="our own shop")
    office.run()
    assert office.claim.docs_complete_at == office.clock.at

    assert replayed(office).differences == ()
    assert replayed(office, rules(tmp_path, LOWER)).differences == ()


def test_what_was_asked_and_appealed_stays(office: Office) -> None:
    office.deliver(about(DAMAGE))
    office.clock.at += timedelta(hours=1)
    decide.ask(office.parts, office.claim, text="Which lamp?", by="jane")
    office.run()
    decide.reject(
        office.parts, office.claim, clauses=("C8",), by="jane", reason="Seen."
    )
    office.run()
    office.clock.at += timedelta(days=3)
    decide.appeal(office.parts, office.claim, by="jane", reason="new photographs")
    decide.take_appeal(office.parts, office.claim, by="kim")
    office.run()

    assert replayed(office).differences == ()


def test_claims_keep_their_numbers_so_that_answers_to_us_find_them(
    office: Office,
) -> None:
    office.store.number_claim = lambda: 40  # as after a rolled back transaction
    office.deliver(about(DAMAGE, files=claim_files(DAMAGE)[:1]))
    first = office.emails[0]
    rest = claim_files(DAMAGE)[1:]
    answer = make_mail(
        subject="here", files=rest, headers=[("In-Reply-To", first.message_id)]
    )
    office.deliver(answer.replace(b"<one@", b"<two@"))

    found = replayed(office)

    assert office.claim.claim_id == 40
    assert office.store.claims.mails(40)[1].message_id == "<two@mail.example>"
    assert found.differences == ()


def test_mails_of_a_renumbered_mailbox_are_judged_once(full: Office) -> None:
    full.renumber(8)
    full.deliver(about(DAMAGE))

    assert replayed(full).differences == ()


def test_what_the_stored_record_would_be_judged_otherwise_is_counted_apart(
    full: Office, policy: Path, tmp_path: Path
) -> None:
    policy.write_text(LOWER)

    assert only(replayed(full)).claim_id == number_of(full, DAMAGE)

    found = replayed(full, rules(tmp_path, LOWER))
    assert found.differences == ()
    assert found.judged_otherwise == 1


# -- nothing changes, and nothing is hidden -------------------------------------------


def test_a_replay_changes_no_row_and_no_file_and_sends_nothing(
    full: Office, tmp_path: Path
) -> None:
    full.clock.at = OPENING + timedelta(days=30)
    before, sent = record_of(full), len(full.relay.taken)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.glob("office/raw/**/*")}
    temporary = Path(tempfile.gettempdir())

    found = replayed(full, rules(tmp_path, LOWER))

    assert found.differences
    assert record_of(full) == before
    assert len(full.relay.taken) == sent
    assert full.queue.bells == []
    after = {path: path.stat().st_mtime_ns for path in tmp_path.glob("office/raw/**/*")}
    assert after == files
    assert list(temporary.glob("claims-replay-*")) == []


def test_a_raw_mail_that_is_gone_is_counted(full: Office, tmp_path: Path) -> None:
    record = full.store.mails.get(2)
    (blob,) = tmp_path.glob(f"office/raw/**/{record.sha256}*")
    assert LocalRawStore(blob.parent.parent).remove(record.sha256)

    found = replayed(full, rules(tmp_path, LOWER))

    assert found.unjudged == 1
    assert only(found).claim_id == number_of(full, DAMAGE)
    # The claim itself, and a later one that was its member's fourth in a year.
    assert found.judged_otherwise == 2


def test_a_replay_ends_while_the_order_directory_is_down(
    full: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_self: object, _number: str) -> Order | None:
        raise RetryLater("orders_unreachable")

    monkeypatch.setattr(type(full.store.orders), "order", down)

    with pytest.raises(RetryLater, match="orders_unreachable"):
        replayed(full, rules(tmp_path, LOWER))


def test_progress_is_told_up_to_the_end(full: Office, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []

    replay(
        full.parts,
        rules(tmp_path, LOWER),
        reader=full.parts.reader,
        progress=lambda *said: told.append(said),
    )

    assert ("Replaying", 4, 4) in told
    assert told[-1] == ("Comparing", 4, 4)


def test_the_json_names_claim_changes_and_versions(
    full: Office, tmp_path: Path
) -> None:
    data = as_dict(replayed(full, rules(tmp_path, LOWER)))

    assert data["mails"] == data["claims"] == 4
    assert data["differences"][0]["claim"] == "CLM-000001"
    assert data["differences"][0]["changes"][0]["name"] == "total_usd"
