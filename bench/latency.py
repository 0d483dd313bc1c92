"""From the delivery of a complete claim to its acknowledgement at the SMTP sink.

Mails come by LMTP into an idle mailbox, one after the other, under `claims serve`. The
reference is the server's own notice to a second connection that is idling too: Dovecot
tells of a lone mail half a second late. What all our processes cost while nothing
happens is measured before.
The stages are from the record: `seen` is the poller's, `understood` and `written` the
worker's, `sent` the relay's answer.
"""

import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil
from imapclient import IMAPClient

from bench import record
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
from bench.rounds import Row
from tests.builders_mail import CLAIMS, OUR_MX, claim_files, make_claim_mail
from tests.services import Dovecot, SmtpSink, free_port
from tests.services.ports import LOOPBACK
from worker.adapters.clock import SystemClock

USER = "latency"
TARGET_S = 1.0
STARTS_WITHIN_S = 120.0
ANSWERS_WITHIN_S = 30.0
APART_S = (0.8, 1.6)
"""Dovecot 2.3 announces a lone mail half a second late, so no beat is kept."""
HOUSE = {
    "CLAIMS_FROM": CLAIMS,
    "CLAIMS_TRUSTED_MX": OUR_MX,
    "CLAIMS_TRUSTED_AUTHSERV": OUR_MX,
}
MAILS_A_ROUND = 10
IDLE_S, IDLE_WINDOWS, SETTLES_S = 8.0, 5, 2.0
STAGES = ("seen", "understood", "written", "sent")


@dataclass(frozen=True, slots=True)
class Timing:
    """One mail: seconds from LMTP's 250 to the sink, and to each stage."""

    total_s: float
    notice_s: float
    stages_s: Sequence[float]

    @property
    def added_s(self) -> float:
        """What came after the server's notice."""
        return self.total_s - self.notice_s


class Watcher(threading.Thread):
    """A second connection to the mailbox; notes when the server tells of each mail."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        parts = urlsplit(url)
        self._client = IMAPClient(parts.hostname, parts.port, ssl=False)
        self._client.login(unquote(parts.username or ""), unquote(parts.password or ""))
        self._told = int(self._client.select_folder("INBOX", readonly=True)[b"EXISTS"])
        self._at: dict[int, float] = {}
        self._changed = threading.Condition()
        self._is_over = False
        self._client.idle()

    @property
    def told(self) -> int:
        """How many mails the server has told of."""
        return self._told

    def run(self) -> None:
        """Listen until `stop`."""
        while not self._is_over:
            for answer in self._client.idle_check(timeout=0.5):
                if answer[1] == b"EXISTS":
                    self._note(int(answer[0]), time.perf_counter())
        self._client.idle_done()
        self._client.logout()

    def when(self, number: int) -> float:
        """Return when the server told of a mail; waits for it."""
        with self._changed:
            if not self._changed.wait_for(lambda: number in self._at, ANSWERS_WITHIN_S):
                raise CheckFailed(f"the server never told of mail {number}")
            return self._at[number]

    def stop(self) -> None:
        """Listen no more."""
        self._is_over = True
        self.join()

    def _note(self, number: int, at: float) -> None:
        with self._changed:
            self._at |= dict.fromkeys(range(self._told + 1, number + 1), at)
            self._told = max(self._told, number)
            self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class Measured:
    """Every mail's timing, and the shares of one core that idling took."""

    timings: Sequence[Timing]
    idle_shares: Sequence[float]


def main(arguments: list[str] | None = None) -> int:
    """Measure; return 0 when the median is under the target."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.latency",
        description=__doc__,
        epilog="Example: python -m bench.latency -n 20",
    )
    parser.add_argument("-n", type=int, default=20, help="mails to measure")
    parser.add_argument("--postgres", action="store_true", help="instead of SQLite")
    args = parser.parse_args(arguments)
    try:
        measured = measure(args.n, on_postgres=args.postgres)
    except CheckFailed as failure:
        show_end()
        print(f"FAIL  {failure}")
        return 1
    show_end()
    timings = measured.timings
    totals = [one.total_s for one in timings]
    added = [one.added_s for one in timings]
    median = statistics.median(totals)
    print(
        f"delivery to acknowledgement, n={len(totals)}: median {median * 1000:.0f} ms,"
        f" p95 {quantile(totals, 0.95) * 1000:.0f} ms, most {max(totals) * 1000:.0f} ms"
    )
    print(
        f"      after the server's notice: median {statistics.median(added) * 1000:.0f}"
        f" ms, p99 {quantile(added, 0.99) * 1000:.0f} ms"
    )
    for share in measured.idle_shares:
        print(f"      idle: {share:.1f} % of a core")
    for number, name in enumerate(STAGES):
        at = statistics.median(one.stages_s[number] for one in timings)
        print(f"      {name:11} after {at * 1000:5.0f} ms (median)")
    faults = [] if median < TARGET_S else [f"{median:.2f} s"]
    return int(not record.report(f"median under {TARGET_S:.0f} s", faults))


def rows(rounds: int, *, smoke: bool) -> Iterator[Row]:
    """Measure answers and idling on SQLite; see bench.rounds."""
    each = 1 if smoke else MAILS_A_ROUND
    measured = measure(
        rounds * each,
        idle_windows=1 if smoke else min(rounds, IDLE_WINDOWS),
        idle_s=1.0 if smoke else IDLE_S,
    )
    timings = measured.timings
    by_round = [timings[at : at + each] for at in range(0, len(timings), each)]
    notice_s = statistics.median(one.notice_s for one in timings)
    total_s = statistics.median(one.total_s for one in timings)
    behind = f"answered after {total_s:.2f} s, the server's notice {notice_s:.2f} s"
    for share, most_s in ((0.5, 0.3), (0.99, 0.8)):
        yield Row(
            part="latency",
            what=f"delivery to answer, less the server's notice, p{share * 100:.0f}",
            figures=[quantile([t.added_s for t in one], share) for one in by_round],
            unit="s",
            at_most=most_s,
            note=behind,
        )
    yield Row(
        part="latency",
        what="all processes together, idle, of one core",
        figures=measured.idle_shares,
        unit="%",
        at_most=8.0,
        note="poller, worker, scheduler, desk, supervisor",
    )


def measure(
    count: int,
    *,
    on_postgres: bool = False,
    idle_windows: int = 1,
    idle_s: float = IDLE_S,
) -> Measured:
    """Return the timings of `count` mails, after one that warms everything up."""
    now = SystemClock().now()
    with (
        servers(with_postgres=on_postgres) as rig,
        SmtpSink() as sink,
        tempfile.TemporaryDirectory(prefix="claims-orders-") as folder,
        installation(
            rig,
            sink,
            user=USER,
            house=HOUSE | {"CLAIMS_DESK_BIND": f"{LOOPBACK}:{free_port()}"},
            go_live=now - timedelta(days=1),
            on_postgres=on_postgres,
        ) as system,
    ):
        write_orders(Path(folder) / "orders.csv", _orders(count + 1, now))
        system.run("migrate")
        system.run("orders", "import", f"{folder}/orders.csv")
        process = system.start("serve")
        try:
            _wait_until_polled(system)
            watcher = Watcher(rig.dovecot.url(USER))
            watcher.start()
            _one(system, rig.dovecot, sink, watcher, 0)
            shares = _idle_shares(process.pid, idle_windows, idle_s)
            chance = random.Random(1)  # noqa: S311 - pauses
            timings = []
            for number in range(1, count + 1):
                pause(chance.uniform(*APART_S))
                show(f"{number} of {count} mails")
                timings.append(_one(system, rig.dovecot, sink, watcher, number))
            watcher.stop()
        finally:
            process.terminate()
            process.wait()
    return Measured(timings, shares)


def _orders(count: int, now: datetime) -> list[dict[str, str]]:
    return [
        order_row(
            _order(number),
            f"M{700_000 + number}",
            placed_at=now - timedelta(days=20),
            delivered_at=now - timedelta(hours=3),
            member_email=_address(number),
        )
        for number in range(count)
    ]


def _idle_shares(pid: int, windows: int, window_s: float) -> list[float]:
    """Return what the process and all below it took of one core, in percent."""
    pause(SETTLES_S)
    shares = []
    for _ in range(windows):
        show(f"idle for {window_s:.0f} s")
        before, began = _cpu_s(pid), time.perf_counter()
        pause(window_s)
        shares.append((_cpu_s(pid) - before) / (time.perf_counter() - began) * 100)
    return shares


def _cpu_s(pid: int) -> float:
    root = psutil.Process(pid)
    times = [one.cpu_times() for one in (root, *root.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which so large a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def _wait_until_polled(system: Installation) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while not record.one(system.database_url, "select sum(passes) from mailboxes"):
        if time.monotonic() > until:
            raise CheckFailed(f"serve does not poll:\n{system.log_tail()}")
        pause(0.1)


def _one(
    system: Installation,
    dovecot: Dovecot,
    sink: SmtpSink,
    watcher: Watcher,
    number: int,
) -> Timing:
    now = SystemClock().now()
    order = _order(number)
    raw = make_claim_mail(
        member=f"M{700_000 + number}",
        order=order,
        sender=_address(number),
        files=claim_files(order),
        received_at=now,
    ).replace(b"<one@mail.example>", b"<%d@mail.example>" % number)
    log = sink.directory / "log.jsonl"
    before = log.stat().st_size if log.exists() else 0
    place = watcher.told + 1
    dovecot.deliver(USER, raw, envelope_from=_address(number))
    delivered, delivered_at = time.perf_counter(), SystemClock().now()
    while not log.exists() or log.stat().st_size == before:
        if time.perf_counter() - delivered > ANSWERS_WITHIN_S:
            raise CheckFailed(f"no answer to mail {number}:\n{system.log_tail()}")
        pause(0.002)
    total_s = time.perf_counter() - delivered
    notice_s = watcher.when(place) - delivered
    return Timing(total_s, notice_s, _stages(system, delivered_at))


def _stages(system: Installation, delivered_at: datetime) -> list[float]:
    """Return when each stage of the newest mail ended, in seconds."""
    query = (
        "select m.first_seen_at, m.settled_at, e.created_at, e.sent_at, e.kind"
        " from emails e join mails m on m.id = e.mail_id where e.status = 'sent'"
        " order by e.id desc limit 1"
    )
    wanted = record.one(system.database_url, "select count(*) from mails")
    while record.one(system.database_url, _SENT) < wanted:
        pause(0.01)  # the relay has it, the row does not say so yet
    (row,) = record.rows(system.database_url, query)
    if row["kind"] != "received":
        raise CheckFailed(f"the answer is {row['kind']}, not received")
    instants = [row[c] for c in ("first_seen_at", "settled_at", "created_at")]
    return [
        (_utc(value) - delivered_at).total_seconds()
        for value in (*instants, row["sent_at"])
    ]


_SENT = "select count(*) from emails where status = 'sent'"


def _utc(value: datetime | str) -> datetime:
    at = datetime.fromisoformat(str(value))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _order(number: int) -> str:
    return f"ORD-20261101-{number:04}"


def _address(number: int) -> str:
    return f"member{number}@mail.example"


if __name__ == "__main__":
    sys.exit(main())
