"""Peak memory of every process while big mails are ingested and understood.

Ten mails of about 50 MB, complete claims with large photographs, a large PDF or a zip,
wait in the mailbox when `claims serve --until-idle` starts. In the table there is also
the poller's memory in its first sweep of 100,000 small mails: what it has at the end,
to what it had at a tenth.
"""

import argparse
import io
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psutil
from PIL import Image

from bench import record
from bench.boxes import box
from bench.fleet import role_of
from bench.latency import HOUSE
from bench.mailbox import order_row, write_orders
from bench.rig import (
    CheckFailed,
    Installation,
    installation,
    pause,
    servers,
    show,
    show_end,
)
from bench.rounds import CACHE, Row, rate
from tests.builders_mail import a_file, claim_files, make_claim_mail, zip_of
from tests.services import SmtpSink

USER = "memory"
MB = 1024 * 1024
LIMIT_MB = 200
BIG, BIG_MB = 10, 50
SMALL, SMALL_OF_SMOKE = 100_000, 300
FLAT = 1.1
"""Noise of the allocator. Our choice."""
TIMEOUT_S = 900.0
SENT_AT = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
BASE64 = 78 / 57
"""Base64 in lines of 76 characters and CRLF, for each byte of the file."""


def main(arguments: list[str] | None = None) -> int:
    """Measure; return 0 when every process stays under the limit."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.memory",
        description=__doc__,
        epilog="Example: python -m bench.memory -n 10 --mb 50",
    )
    parser.add_argument("-n", type=int, default=10, help="mails")
    parser.add_argument("--mb", type=int, default=50, help="size of each, in MB")
    parser.add_argument("--limit", type=int, default=LIMIT_MB, help="MB a process")
    args = parser.parse_args(arguments)
    big = big_mails(args.n, args.mb)
    peaks, facts, faults = big.peaks, big.facts, list(big.faults)
    sizes = [row["size_bytes"] // MB for row in facts]
    print(
        f"{len(facts)} mails of {min(sizes)} to {max(sizes)} MB in {big.seconds:.0f} s"
    )
    for role, peak in sorted(peaks.items(), key=lambda item: -item[1]):
        print(f"      {role:12} {peak / MB:6.0f} MB at most")
    good = sum(row["fate"] == "claim" for row in facts)
    if good != args.n:
        faults.append(f"{good} of {args.n} are claims; parked: {big.parked}")
    incomplete = sum(row["state"] != "under_review" for row in facts)
    if incomplete:
        faults.append(f"{incomplete} claims are not complete")
    faults += [
        f"{role}: {peak / MB:.0f} MB"
        for role, peak in peaks.items()
        if peak > args.limit * MB
    ]
    title = f"every process under {args.limit} MB, every claim complete"
    return int(not record.report(title, faults))


@dataclass(frozen=True, slots=True)
class BigMails:
    """What came of big mails, and the highest peak of each role in bytes."""

    peaks: Mapping[str, int]
    facts: Sequence[Mapping[str, Any]]
    parked: Sequence[str]
    seconds: float
    faults: Sequence[str] = ()


def rows(rounds: int, *, smoke: bool) -> Iterator[Row]:
    """Measure big mails once and many mails once; see bench.rounds.

    Neither is a matter of the machine's mood.
    """
    del rounds
    big = big_mails(1, 1) if smoke else big_mails(BIG, BIG_MB)
    by_size = sorted(big.peaks.items(), key=lambda item: -item[1])
    states = Counter(row["state"] for row in big.facts)
    yield Row(
        part="memory",
        what=f"ten mails of {BIG_MB} MB, most of any process",
        figures=[peak / MB for _, peak in by_size[:1]],
        unit="MB",
        at_most=LIMIT_MB,
        note=", ".join(f"{role} {peak / MB:.0f}" for role, peak in by_size),
        missing="" if not big.faults and set(states) == {"under_review"} else "broken",
    )
    number = SMALL_OF_SMOKE if smoke else SMALL
    tenth, whole, seconds = many_mails(number)
    yield Row(
        part="memory",
        what=f"first sweep of {number:,} small mails, poller at its end to a tenth",
        figures=[whole / tenth],
        at_most=FLAT,
        note=f"{tenth / MB:.0f} to {whole / MB:.0f} MB, {rate(number, [seconds])}",
    )


def big_mails(count: int, mb: int) -> BigMails:
    """Let `claims serve` work on so many big mails until it is idle."""
    show("making the mails")
    faults: list[str] = []
    peaks: dict[str, int] = {}
    with (
        servers() as rig,
        SmtpSink() as sink,
        tempfile.TemporaryDirectory(prefix="claims-orders-") as folder,
        installation(
            rig,
            sink,
            user=USER,
            house=HOUSE,
            go_live=SENT_AT - timedelta(days=30),
            clock=SENT_AT + timedelta(days=1),
        ) as system,
    ):
        write_orders(Path(folder) / "orders.csv", list(_orders(count)))
        system.run("migrate")
        system.run("orders", "import", f"{folder}/orders.csv")
        rig.dovecot.append_many(USER, _mails(count, mb * MB))
        began = time.monotonic()
        try:
            peaks = watch(system)
        except CheckFailed as failure:
            faults = [str(failure)]
        seconds = time.monotonic() - began
        show_end()
        facts = record.rows(
            system.database_url,
            "select mails.fate, mails.size_bytes, claims.state from mails"
            " left join claims on claims.id = mails.claim_id",
        )
        parked = record.parked(system.database_url)
    return BigMails(peaks, facts, parked, seconds, faults)


def many_mails(count: int) -> tuple[int, int, float]:
    """Return the poller's memory at a tenth and at the end, and the seconds it took.

    Raises:
        CheckFailed: it does not come to its end.
    """
    with (
        servers() as rig,
        SmtpSink() as sink,
        installation(
            rig, sink, user=USER, house=HOUSE, go_live=SENT_AT - timedelta(days=30)
        ) as system,
    ):
        rig.dovecot.link(USER, crowd(count))
        with rig.dovecot.session(USER) as connection:
            connection.select("INBOX")
            connection.uid("FETCH", "1:*", "(FLAGS RFC822.SIZE INTERNALDATE)")
        system.run("migrate")
        process = system.start("poll")
        began = time.monotonic()
        tenth = 0
        try:
            while (stored := _stored(system)) < count:
                if not tenth and stored >= count // 10:
                    tenth = _resident_bytes(process.pid)
                if time.monotonic() - began > TIMEOUT_S:
                    raise CheckFailed(f"{stored} mails after {TIMEOUT_S:.0f} s")
                show(f"{stored} of {count} mails")
                pause(0.05)
            seconds = time.monotonic() - began
            whole = _resident_bytes(process.pid)
        finally:
            process.terminate()
            process.wait()
    return tenth or whole, whole, seconds


def crowd(count: int) -> Path:
    """Return a folder of so many small mails, each another one; made once."""
    folder = CACHE / "boxes" / f"crowd-{count}"
    if not folder.exists():
        made = box("small")
        kinds = [(made.mails / fact.file).read_bytes() for fact in made.facts]
        fresh = Path(tempfile.mkdtemp(dir=folder.parent))
        fresh.chmod(0o755)
        for number, lines in enumerate(islice(cycle(kinds), count)):
            other = lines.replace(b"Message-ID: <", b"Message-ID: <%06d." % number, 1)
            crlf = len(other) + other.count(b"\n")
            name = f"{1_800_000_000 + number}.M{number:06}P1.box"
            (fresh / f"{name},S={len(other)},W={crlf}").write_bytes(other)
        fresh.rename(folder)
    return folder


def _stored(system: Installation) -> int:
    query = "select count(*) from mails where sha256 is not null"
    return int(record.one(system.database_url, query))


def _resident_bytes(pid: int) -> int:
    return int(psutil.Process(pid).memory_info().rss)


def watch(system: Installation) -> dict[str, int]:
    """Run `serve --until-idle`; return the highest peak of each role, in bytes.

    Raises:
        CheckFailed: it ended badly, or not in time.
    """
    process = system.start("serve", "--until-idle")
    peaks: dict[str, int] = defaultdict(int)
    began = shown = time.monotonic()
    while process.poll() is None:
        for one in _tree(process.pid):
            peak = _peak_bytes(one.pid)
            if peak is not None:
                role = role_of(_words(one))
                peaks[role] = max(peaks[role], peak)
        now = time.monotonic()
        if now - shown > 1:
            shown = now
            done = record.one(system.database_url, "select count(fate) from mails")
            show(f"{done} mails settled, {max(peaks.values()) / MB:.0f} MB at most")
        if now - began > TIMEOUT_S:
            process.kill()
            raise CheckFailed(f"not idle after {TIMEOUT_S:.0f} s")
        pause(0.02)
    if process.returncode != 0:
        raise CheckFailed(f"serve exited {process.returncode}:\n{system.log_tail()}")
    return dict(peaks)


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _peak_bytes(pid: int) -> int | None:
    """Return the most resident memory that a process ever had. Source: proc(5)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None


def _orders(count: int) -> Iterator[dict[str, str]]:
    for number in range(count):
        yield order_row(
            f"ORD-20261102-{number:04}",
            f"M{800_000 + number}",
            placed_at=SENT_AT - timedelta(days=16),
            delivered_at=SENT_AT - timedelta(hours=3),
            member_email=f"member{number}@mail.example",
        )


def _mails(count: int, size_bytes: int) -> Iterator[tuple[bytes, datetime]]:
    """Yield complete claims of about this size, each filled up in another way."""
    for number in range(count):
        order = f"ORD-20261102-{number:04}"
        files = claim_files(order)
        room = int((size_bytes - sum(len(f.data) for f in files) * 2) / BASE64)
        match number % 4:
            case 0:
                many = [
                    a_file(_picture(room // 4, number * 4 + k), f"contents {k}.jpg")
                    for k in range(4)
                ]
            case 1:
                many = [a_file(_picture(room, number), "packaging.jpg")]
            case 2:
                pictures = {f"{k}.jpg": _picture(room // 3, k) for k in range(3)}
                many = [a_file(zip_of(pictures), "photographs.zip")]
            case _:
                many = [a_file(_long_pdf(room), "statement.pdf")]
        raw = make_claim_mail(
            member=f"M{800_000 + number}",
            order=order,
            sender=f"member{number}@mail.example",
            files=[*files, *many],
            received_at=SENT_AT,
        )
        show(f"mail {number + 1} of {count}: {len(raw) / MB:.0f} MB")
        yield (
            raw.replace(b"<one@mail.example>", b"<%d@mail.example>" % number),
            SENT_AT,
        )


@cache
def _noise(side: int) -> bytes:
    chance = random.Random(side)  # noqa: S311 - the same picture every time
    image = Image.frombytes("RGB", (side, side * 3 // 4), chance.randbytes(_b(side)))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92)
    return file.getvalue()


def _b(side: int) -> int:
    return side * (side * 3 // 4) * 3


def _picture(size_bytes: int, number: int) -> bytes:
    """Return a JPEG of this size: noise, and what is missing after its end."""
    side = 1024
    while side < 8000 and len(_noise(side * 2)) <= size_bytes:  # noqa: PLR2004 - a large camera
        side *= 2
    picture = _noise(side)
    chance = random.Random(number)  # noqa: S311 - the same picture every time
    return picture + chance.randbytes(max(0, size_bytes - len(picture)))


def _long_pdf(size_bytes: int) -> bytes:
    """Return a PDF with an invoice and one big picture in it."""
    from fpdf import FPDF  # noqa: PLC0415 - slow to import, one in four needs it

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.cell(text="Invoice, with a scan on the next page", new_y="NEXT")
    pdf.image(io.BytesIO(_picture(size_bytes, 5)), w=150)
    return bytes(pdf.output())


if __name__ == "__main__":
    sys.exit(main())
