"""Running processes of ours, so that the leases of dead ones end at once."""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from worker.adapters.store.engine import Database, insert
from worker.adapters.store.schema import JobRow, MailboxRow, ProcessRow

MOST_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Process:
    """A process of ours, and how long ago it was last heard of."""

    owner: str
    role: str
    host: str
    pid: int
    silent_for: timedelta
    running: tuple[tuple[int, str, str], ...] = ()
    """What it has in flight: number, kind and ref of each job."""


class Processes:
    """The registry of living processes; see adapters.processes for pids."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(
        self, *, owner: str, role: str, host: str, pid: int, boot_ticks: int
    ) -> None:
        """Record this process, or that it is still alive."""
        values = {
            "role": role,
            "host": host,
            "pid": pid,
            "boot_ticks": boot_ticks,
            "alive_at_ms": self._database.now_ms,
        }
        with self._database.write() as session:
            session.execute(
                insert(session, ProcessRow)
                .values(owner=owner, **values)
                .on_conflict_do_update(index_elements=["owner"], set_=values)
            )

    def on_host(self, host: str) -> list[tuple[str, int, int]]:
        """Return (owner, pid, boot ticks) of every process recorded on a host."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(
                    ProcessRow.owner, ProcessRow.pid, ProcessRow.boot_ticks
                ).where(ProcessRow.host == host)
            )
            return [(row.owner, row.pid, row.boot_ticks) for row in rows]

    def of_role(self, role: str) -> list[tuple[str, int, int]]:
        """Return (host, pid, boot ticks) of every process recorded with a role."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(ProcessRow.host, ProcessRow.pid, ProcessRow.boot_ticks).where(
                    ProcessRow.role == role
                )
            )
            return [(row.host, row.pid, row.boot_ticks) for row in rows]

    def listed(self) -> list[Process]:
        """Return every process with what it has in flight, by role and host."""
        clock = self._database.now_ms
        with self._database.read() as session:
            running: dict[str, list[tuple[int, str, str]]] = {}
            for job in session.execute(
                sa.select(JobRow.owner, JobRow.id, JobRow.kind, JobRow.ref)
                .where(JobRow.state == "running")
                .order_by(JobRow.id)
                .limit(MOST_SHOWN)
            ):
                line = (job.id, job.kind, job.ref)
                running.setdefault(job.owner or "", []).append(line)
            rows = session.execute(
                sa.select(ProcessRow, clock)
                .order_by(ProcessRow.role, ProcessRow.host, ProcessRow.pid)
                .limit(MOST_SHOWN)
            )
            return [
                Process(
                    row.owner,
                    row.role,
                    row.host,
                    row.pid,
                    timedelta(milliseconds=max(0, now_ms - row.alive_at_ms)),
                    tuple(running.get(row.owner, ())),
                )
                for row, now_ms in rows
            ]

    def silent(self, span: timedelta) -> list[str]:
        """Return the owners that were not heard of for so long."""
        before = self._database.now_ms - round(span.total_seconds() * 1000)
        with self._database.read() as session:
            return list(
                session.execute(
                    sa.select(ProcessRow.owner).where(ProcessRow.alive_at_ms < before)
                ).scalars()
            )

    def bury(self, owner: str) -> bool:
        """End every lease of a process that is gone, and forget it.

        Returns False when another has buried it.
        """
        with self._database.write() as session:
            session.execute(
                sa.update(JobRow)
                .where(JobRow.owner == owner, JobRow.state == "running")
                .values(lease_until_ms=0)
            )
            session.execute(
                sa.update(MailboxRow)
                .where(MailboxRow.lease_owner == owner)
                .values(lease_until_ms=0)
            )
            gone = session.execute(
                sa.delete(ProcessRow)
                .where(ProcessRow.owner == owner)
                .returning(ProcessRow.owner)
            ).scalar()
        return gone is not None
