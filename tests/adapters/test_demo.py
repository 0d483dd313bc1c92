"""The demo: its papers and mails, its view, its mail host, and the whole of it."""

import contextlib
import io
import os
import pty
import re
import signal
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from worker.adapters import pdf, pictures
from worker.adapters.orders_csv import read_orders
from worker.adapters.store.stats import Counts
from worker.demo import gateway, papers, run_demo
from worker.demo.accounts import (
    CLAIMS,
    CLAIMS_ADDRESS,
    LOOPBACK,
    MEMBERS,
    STAFF,
    Ports,
    session,
)
from worker.demo.cast import orders_csv
from worker.demo.hosting import mail_host
from worker.demo.results import find_faults
from worker.demo.samples import Play, make_play
from worker.demo.stage import Sample
from worker.demo.view import screen
from worker.demo.watching import Scene, SeenClaim, SeenMail
from worker.domain.claim import Claim, ClaimState, ClaimType
from worker.domain.errors import UsageError
from worker.domain.mail import Fate, Picture, Trouble
from worker.terminal import left

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ITS_TIME = timedelta(seconds=110)


@pytest.fixture(scope="module")
def play() -> Play:
    return make_play(NOW)


# -- papers and mails ---------------------------------------------------------------


def test_a_pdf_written_by_hand_can_be_read() -> None:
    found = pdf.read(papers.pdf(["Invoice (No. 7)", "Größe 42 $135.00"]))

    assert isinstance(found, pdf.PdfText)
    assert found.text.splitlines() == ["Invoice (No. 7)", "Größe 42 $135.00"]


def test_a_locked_pdf_asks_for_a_password() -> None:
    assert pdf.read(papers.pdf(["x"], is_locked=True)) is Trouble.ENCRYPTED


@pytest.mark.parametrize(
    ("data", "looks_like"),
    [
        pytest.param(papers.box_photo(7), "photograph", id="box"),
        pytest.param(papers.goods_photo(7), "photograph", id="goods"),
        pytest.param(papers.heic_photos(7)[0], "photograph", id="heic"),
        pytest.param(papers.logo("ACME"), "graphic", id="logo"),
    ],
)
def test_drawn_pictures_pass_for_what_they_are(data: bytes, looks_like: str) -> None:
    found = pictures.look(data)

    assert isinstance(found, Picture)
    assert found.looks_like == looks_like


def test_the_orders_can_be_imported(play: Play) -> None:
    orders = read_orders(orders_csv(play.people.values()).splitlines()).rows

    assert len(orders) == len(play.people)
    assert sum(not order.has_guarantee for order in orders) == 1


def test_there_are_many_kinds_of_mails(play: Play) -> None:
    titles = {sample.title for sample in play.samples}

    assert len(titles) == len(play.samples) >= 12
    assert {sample.expected.fate for sample in play.samples} == set(Fate) - {
        Fate.PARKED
    }


def test_one_second_late_is_one_second_late(play: Play) -> None:
    sofia = play.people["sofia"]
    sample = next(one for one in play.samples if one.sender == sofia.address)

    assert sample.received_at is not None
    assert sofia.delivered_at is not None
    late = sample.received_at - sofia.delivered_at
    assert late == timedelta(hours=24, seconds=1)


# -- the exchanger ------------------------------------------------------------------


def stamped(head: str, *, helo: str = "mail.mail.example", origin: str = "a@b") -> str:
    raw = f"{head}\n\nhello\n".encode()
    return gateway.stamp(raw, envelope_from=origin, helo=helo, at=NOW).decode()


def test_the_exchanger_stamps_on_top() -> None:
    mail = stamped("From: Lena <lena@mail.example>")

    assert mail.startswith("Return-Path: <a@b>\r\nReceived: from mail.mail.example ")
    assert "Authentication-Results: mx.demo.example; spf=pass" in mail
    assert mail.endswith("From: Lena <lena@mail.example>\r\n\r\nhello\r\n")


def test_what_a_mail_brings_in_our_name_is_taken_out() -> None:
    mail = stamped(
        "Subject: x\nauthentication-results:\n MX.demo.example; dmarc=pass\n y\n"
        "Authentication-Results: other.example; dkim=pass\nFrom: l@mail.example",
        helo="mail.cheap.example",
    )

    assert mail.lower().count("mx.demo.example; ") == 1
    assert "dmarc=fail header.from=mail.example" in mail
    assert "other.example; dkim=pass" in mail


@pytest.mark.parametrize(
    ("domain", "helo", "verdict"),
    [
        pytest.param("mail.example", "mail.mail.example", "dmarc=pass", id="own"),
        pytest.param("mail.example", "x.cheap.example", "dmarc=fail", id="forged"),
        pytest.param("mail.example", "notmail.example", "dmarc=fail", id="similar"),
        pytest.param("plain.example", "x.plain.example", "dmarc=none", id="no policy"),
        pytest.param("mail.example", "[127.0.0.1]", "dmarc=pass", id="by hand"),
        pytest.param("gmail.com", "laptop.local", "dmarc=pass", id="by hand, real"),
    ],
)
def test_the_hello_decides_who_may_write_as_whom(
    domain: str, helo: str, verdict: str
) -> None:
    assert f"{verdict} header.from={domain}" in gateway.results(domain, helo=helo)


def test_nothing_breaks_out_of_the_stamp() -> None:
    mail = stamped("From: a@b.example", helo="x\r\nX-Evil: 1", origin="a>\r\nX-Bad: 1")

    assert "\nX-" not in mail


@pytest.fixture
def host(tmp_path: Path) -> Iterator[tuple[Ports, Path]]:
    with (tmp_path / "log").open("w") as log, mail_host(tmp_path, log) as ports:
        yield ports, tmp_path


@pytest.mark.services
def test_a_mail_goes_by_smtp_into_the_mailbox(host: tuple[Ports, Path]) -> None:
    ports, _ = host

    with smtplib.SMTP(LOOPBACK, ports.mx, local_hostname="mail.mail.example") as smtp:
        smtp.login("anybody", "anything")
        smtp.sendmail("a@mail.example", CLAIMS_ADDRESS, b"From: a@mail.example\n\nhi\n")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            smtp.sendmail("a@mail.example", "other@demo.example", b"x")

    with session(ports.imap, CLAIMS) as imap:
        imap.select("INBOX", readonly=True)
        _, parts = imap.fetch("1", "(BODY.PEEK[HEADER])")
    assert isinstance(parts[0], tuple)
    assert b"dmarc=pass header.from=mail.example" in parts[0][1]


@pytest.mark.services
def test_the_relay_keeps_what_is_sent(host: tuple[Ports, Path]) -> None:
    ports, folder = host

    with smtplib.SMTP(LOOPBACK, ports.relay) as smtp:
        smtp.sendmail(CLAIMS_ADDRESS, "a@mail.example", b"Subject: hello\r\n\r\nhi\r\n")

    kept = (folder / "0001.eml").read_bytes()
    assert kept == b"Subject: hello\r\n\r\nhi\r\n"
    with session(ports.imap, MEMBERS) as imap:
        assert imap.select("INBOX")[1] == [b"1"]
    with session(ports.imap, STAFF) as imap:
        assert imap.select("Drafts")[0] == "OK"


# -- what is shown ------------------------------------------------------------------


def a_scene(*, claims: int = 0, mails: int = 0) -> Scene:
    counts = Counts(
        mails=mails,
        fates={},
        claims=claims,
        claims_by_state={},
        emails_by_status={"sent": 3},
        jobs_by_state={"send": {"ready": 2}},
        parked=0,
        dead_letters=0,
        alerts_open=0,
        orders=1,
    )
    return Scene(
        now=NOW,
        counts=counts,
        mails=tuple(a_mail(number) for number in range(1, mails + 1)),
        claims=tuple(a_claim(number) for number in range(1, claims + 1)),
    )


def a_mail(number: int, sample: Sample | None = None) -> SeenMail:
    sender = f"a.rather.long.name.{number}@somewhere.example"
    return SeenMail(number, sender, "[bold] 您好" * 9, sample, "claim", number, ())


def a_claim(number: int, state: ClaimState = ClaimState.UNDER_REVIEW) -> SeenClaim:
    claim = Claim(
        claim_id=number,
        member_id="M1",
        order_number="O1",
        package_id="1",
        claim_type=ClaimType.PARTIAL_LOSS,
        state=state,
        version=1,
        received_at=NOW,
        respond_by=NOW + timedelta(days=6, hours=5),
    )
    return SeenClaim(claim, f"Member No. {number}", "+~x-", "≤ 118.75")


def shown(scene: Scene, *, width: int, height: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, record=True)
    hints = ("one " * 60, "two", "three", "Ctrl-C ends")
    console.print(screen(scene, width=width, height=height, head="demo", hints=hints))
    return console.export_text().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 50), (120, 40)])
@pytest.mark.parametrize("count", [0, 1, 40])
def test_the_view_fits_its_terminal(width: int, height: int, count: int) -> None:
    lines = shown(a_scene(claims=count, mails=count), width=width, height=height)

    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert lines[-1].strip() == "Ctrl-C ends"


def test_a_claim_is_shown_with_its_clock_documents_and_money() -> None:
    lines = shown(a_scene(claims=1), width=80, height=24)

    line = next(line for line in lines if "CLM-1" in line)
    words = line.strip("│ ").split("  ")
    assert "Member No. 1" in line
    assert "partial loss under review" in " ".join(words)
    assert "✓~✗– 6d 05:00 ≤ 118.75" in line


def test_the_newest_claim_is_always_shown() -> None:
    text = "\n".join(shown(a_scene(claims=40), width=80, height=24))

    assert "CLM-1 " in text
    assert "CLM-40" in text


@pytest.mark.parametrize(
    ("span", "words"),
    [
        pytest.param(timedelta(days=6, seconds=61), "6d 00:01:01", id="days"),
        pytest.param(timedelta(seconds=0), "00:00:00", id="exactly now"),
        pytest.param(timedelta(seconds=-1), "over", id="a second over"),
    ],
)
def test_what_is_left_is_told_to_the_second(span: timedelta, words: str) -> None:
    assert left(span) == words


def test_what_is_not_as_expected_is_told(play: Play) -> None:
    sample = next(one for one in play.samples if one.title == "newsletter")
    scene = replace(a_scene(), mails=(a_mail(1, sample),))

    faults = find_faults(scene, [sample, play.by_hand], replies=2)

    assert faults == [
        "newsletter: fate: claim, not not a claim",
        "sent by hand: did not arrive",
        "0 mails for 2 samples",
        "3 e-mails sent, but 2 at the relay",
    ]


# -- the whole ----------------------------------------------------------------------


def test_a_used_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "something").touch()

    with pytest.raises(UsageError, match="not empty"):
        run_demo(once=True, data_dir=tmp_path)


@pytest.fixture
def terminal() -> Iterator[tuple[int, list[bytes]]]:
    """A terminal to write to, and what was written."""
    ours, theirs = pty.openpty()
    written: list[bytes] = []

    def keep() -> None:
        with contextlib.suppress(OSError):  # when nobody has it open any more
            while piece := os.read(ours, 4096):
                written.append(piece)

    thread = threading.Thread(target=keep)
    thread.start()
    yield theirs, written
    os.close(theirs)
    thread.join(timeout=10)
    os.close(ours)


@pytest.mark.services
def test_demo_once_shows_that_each_sample_ends_as_expected(
    play: Play, terminal: tuple[int, list[bytes]]
) -> None:
    screen_of_errors, written = terminal
    done = subprocess.run(
        [sys.executable, "-m", "worker", "demo", "--once"],
        env=os.environ | {"COLUMNS": "150", "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=screen_of_errors,
        text=True,
        timeout=ITS_TIME.total_seconds(),
        check=False,
    )

    assert f" of {len(play.samples)} samples settled" in b"".join(written).decode()
    assert done.returncode == 0, done.stdout
    rows = done.stdout.splitlines()
    for sample in play.samples:
        row = next(row for row in rows if sample.title in row)
        assert sample.sender[:20] in row
        assert sample.expected.fate.replace("_", " ") in row
        assert "✓" in row
    assert rows[-1].endswith(": all as expected.")
    assert not list(Path(os.environ["TMPDIR"]).glob("claims-*"))


@pytest.mark.services
def test_the_live_demo_ends_cleanly_on_ctrl_c(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "worker", "demo", "--data-dir", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        ends_at = time.monotonic() + ITS_TIME.total_seconds()
        seen = []
        for line in process.stdout:
            seen.append(line)
            if line.endswith(": sent\n") or time.monotonic() > ends_at:
                break
        process.send_signal(signal.SIGINT)
        seen += list(process.stdout)
        code = process.wait(ITS_TIME.total_seconds())

    text = "".join(seen)
    assert code == 0, text
    assert "claim, CLM-1" in text
    assert re.search("reply  received to .*@.*: sent", text)
    assert "Traceback" not in text
    assert "Traceback" not in (folder / "demo.log").read_text()
    assert (folder / "replies" / "0001.eml").exists()
