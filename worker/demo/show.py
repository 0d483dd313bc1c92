"""The demo's parts, running together: mail host, worker, members who write."""

import contextlib
import os
import shutil
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import worker
from worker.adapters import migrations
from worker.adapters.clock import SystemClock
from worker.adapters.orders_csv import read_orders
from worker.bootstrap import Parts
from worker.demo.accounts import CLAIMS, CLAIMS_ADDRESS, LOOPBACK, Ports, deliver
from worker.demo.cast import orders_csv
from worker.demo.desk import add_accounts, choose_bind
from worker.demo.gateway import stamp
from worker.demo.hosting import mail_host
from worker.demo.points import add_points
from worker.demo.samples import Play, make_play
from worker.demo.stage import Sample
from worker.demo.visiting import Guide, settings_of, take_over
from worker.demo.watching import Scene, Watch
from worker.serve import Supervisor
from worker.settings import OFF, Settings

TIMEOUT_S = 30.0
ORDERS, REPLIES = "orders.csv", "replies"


@dataclass(slots=True)
class Show:
    """The running demo."""

    play: Play
    ports: Ports
    guide: Guide
    supervisor: Supervisor
    watch: Watch
    folder: Path
    _to_send: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._to_send = [one for one in self.play.samples if one.received_at is None]

    @property
    def waiting(self) -> int:
        """Return how many samples were not sent yet."""
        return len(self._to_send)

    @property
    def replies(self) -> int:
        """Return how many mails the relay has taken."""
        return sum(1 for _ in (self.folder / REPLIES).iterdir())

    def send_next(self) -> bool:
        """Let the next sample arrive over SMTP; return whether there was one."""
        if not self._to_send:
            return False
        send(self.ports, self._to_send.pop(0))
        return True

    def look(self) -> Scene | None:
        """Return what it looks like; None while the database is busy."""
        return self.watch.look(SystemClock().now())


@contextlib.contextmanager
def opened(folder: Path, log: TextIO, *, has_desk: bool = False) -> Iterator[Show]:
    """Run everything in an empty folder; the settings of this process are replaced.

    With the desk there is also something on it to put right: a dead letter.

    Raises:
        UsageError: the mail servers did not start.
    """
    now = SystemClock().now()
    home = str(Path(worker.__file__).parents[1])
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, (home, os.environ.get("PYTHONPATH")))
    )
    (folder / REPLIES).mkdir()
    with mail_host(folder / REPLIES, log, refuses_a_draft=has_desk) as ports:
        bind = choose_bind() if has_desk else OFF
        settings = settings_of(folder, ports, bind=bind, now=now)
        take_over(settings)
        play = make_play(now)
        guide = Guide(folder, ports, bind, play.by_hand, play.people["mei"].member_id)
        guide.write(settings)
        parts = Parts(Settings.from_env(), role="demo", with_redis=False)
        _import_orders(parts, play, folder / ORDERS)
        if has_desk:
            add_accounts(parts)
        for sample in play.samples:
            if sample.received_at is not None:
                _lay(ports, sample)
        supervisor = Supervisor(parts)
        watch = Watch(parts.store, (*play.samples, play.by_hand))
        try:
            with supervisor.running(), contextlib.closing(parts.store):
                yield Show(play, ports, guide, supervisor, watch, folder)
        finally:
            _remove_socket(parts, folder)


def send(ports: Ports, sample: Sample) -> None:
    """Let a sample arrive, from the server that it names.

    Raises:
        OSError: the exchanger does not take it.
    """
    with smtplib.SMTP(
        LOOPBACK, ports.mx, local_hostname=sample.helo, timeout=TIMEOUT_S
    ) as smtp:
        smtp.sendmail(sample.envelope_from, CLAIMS_ADDRESS, sample.raw)


def _lay(ports: Ports, sample: Sample) -> None:
    """Put a sample into the mailbox as one that came when it says."""
    at = sample.received_at
    if at is not None:
        origin, helo = sample.envelope_from, sample.helo
        raw = stamp(sample.raw, envelope_from=origin, helo=helo, at=at)
        deliver(ports.imap, CLAIMS, raw, at=at)


def _remove_socket(parts: Parts, folder: Path) -> None:
    """Remove redis's socket where the folder's path was too long for it."""
    if parts.embedded_redis is not None:
        socket = Path(parts.embedded_redis.url.removeprefix("unix://"))
        if socket.parent != folder:
            shutil.rmtree(socket.parent, ignore_errors=True)


def _import_orders(parts: Parts, play: Play, path: Path) -> None:
    path.write_text(orders_csv(play.people.values()), encoding="utf-8")
    migrations.upgrade(parts.database_url)
    parts.store.orders.import_orders(read_orders(path).rows)
    add_points(parts, play.people.values())
