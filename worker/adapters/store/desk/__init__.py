"""The desk's part of the record: people, sessions, lists and figures."""

from worker.adapters.store.desk.actions import Actions
from worker.adapters.store.desk.claim_pages import ClaimPages
from worker.adapters.store.desk.people import People
from worker.adapters.store.desk.sessions import Sessions
from worker.adapters.store.desk.throttle import Throttle
from worker.adapters.store.engine import Database
from worker.ports import Clock


class DeskStore:
    """What the pages read and write besides claims; one instance per process."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self.people = People(database, clock=clock)
        self.sessions = Sessions(database, clock=clock)
        self.throttle = Throttle(database, clock=clock)
        self.actions = Actions(database, clock=clock)
        self.claim_pages = ClaimPages(database)
