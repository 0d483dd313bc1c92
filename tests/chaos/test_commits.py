"""What is lost at the border between memory and disk, or between us and the database.

Scenarios 24 and 55 of reliability.md 5.3.
"""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.fakes import NOON, FakeClock, FakeServer
from tests.services import Postgres, TcpProxy
from worker import faults
from worker.actors import jobs_of_new_mail
from worker.adapters import migrations
from worker.adapters.clock import SystemClock
from worker.adapters.queue import SilentQueue
from worker.adapters.raw import LocalRawStore
from worker.adapters.store import Store
from worker.domain.errors import RetryLater
from worker.faults import FaultRaised, Point
from worker.poll import Poller
from worker.ports import MailLedger, NewMail

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _nothing_stays_armed() -> Iterator[None]:
    yield
    faults.disarm()


def ledger_of(store: Store) -> MailLedger:
    return store.ledger(jobs_for=jobs_of_new_mail, go_live_at=NOON)


def a_store(url: str) -> Store:
    return Store(url, owner="test", clock=SystemClock(), queue=SilentQueue())


def test_scenario_24_a_commit_whose_answer_is_lost_is_not_repeated(
    postgres: Postgres,
) -> None:
    url = postgres.database()
    migrations.upgrade(url)
    with TcpProxy(postgres.port) as proxy:
        store = a_store(url.replace(f":{postgres.port}", f":{proxy.port}"))
        ledger = ledger_of(store)
        lease = ledger.take_lease("INBOX", owner="test", lease_for=MINUTE)
        assert lease is not None
        lease = ledger.begin_epoch(lease, 1)
        mail = NewMail(1, "0" * 64, 10, None, NOON)

        def lose_the_answer(_connection: object) -> None:
            proxy.cut_after(0)

        sa.event.listen(store.database.engine, "commit", lose_the_answer)
        with pytest.raises(RetryLater, match="database_unreachable"):
            ledger.add_mails(lease, [mail], last_uid=1)
        sa.event.remove(store.database.engine, "commit", lose_the_answer)
        proxy.heal()

        assert ledger.known_uids(lease, 1, 10) == {1}, "the server did commit"
        assert ledger.add_mails(lease, [mail], last_uid=1) == 0
        assert store.jobs.count_alive() == 2
        store.close()
    postgres.drop(url)


@pytest.mark.parametrize(
    "point", [Point.RAW_SYNCING, Point.RAW_WRITTEN, Point.RAW_NAMED, None]
)
def test_scenario_55_what_was_not_synced_may_vanish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: Point | None
) -> None:
    """The power goes at a point: files and names that no fsync covers are gone."""
    disk = Disk(tmp_path / "raw", monkeypatch)
    url = f"sqlite:///{tmp_path / 'claims.db'}"
    migrations.upgrade(url)
    server = FakeServer()
    server.deliver_many(5)
    store = a_store(url)
    faults.arm(None if point is None else f"{point}:raise@1", tmp_path / "faults")

    poller = a_poller(server, disk.folder, store)
    if point is None:
        assert poller.run_once() == 5
    else:
        with pytest.raises(FaultRaised):
            poller.run_once()
    disk.lose_power()
    faults.disarm()
    a_poller(server, disk.folder, store).run_once()

    with store.database.read() as session:
        found = session.connection().exec_driver_sql("select uid, sha256 from mails")
        digests = {row.uid: row.sha256 for row in found}
    raw = LocalRawStore(disk.folder)
    assert {uid: raw.get(digest) for uid, digest in digests.items()} == {
        uid: mail for uid, (mail, _) in server.mails.items()
    }
    store.close()


def a_poller(server: FakeServer, folder: Path, store: Store) -> Poller:
    return Poller(
        open_mailbox=server.mailbox,
        raw=LocalRawStore(folder),
        ledger=ledger_of(store),
        clock=FakeClock(),
        name="INBOX",
        owner="test",
    )


class Disk:
    """Remembers what was synced, and forgets the rest when the power goes."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._synced: set[int] = set()
        self._names: set[Path] = set()
        for name in ("fsync", "fdatasync"):
            monkeypatch.setattr(os, name, partial(self._remember, getattr(os, name)))

    def _remember(self, sync: Callable[[int], None], descriptor: int) -> None:
        sync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        self._synced.add(os.fstat(descriptor).st_ino)
        if path.is_dir():
            self._names |= set(path.iterdir())

    def lose_power(self) -> None:
        """Remove files that were not synced, and names that were not."""
        for path in self.folder.rglob("*"):
            is_kept = path.stat().st_ino in self._synced and path in self._names
            if path.is_file() and not is_kept:
                path.unlink()
        for log in (self.folder / "log").glob("*"):
            log.rename(log.with_name(f"0{log.name}"))  # written before this boot
