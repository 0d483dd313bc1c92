"""The desk's part of the record: people, sessions, lists and figures."""

from worker.adapters.store.desk.actions import Actions
from worker.adapters.store.desk.assignments import Assignments
from worker.adapters.store.desk.people import People
from worker.adapters.store.desk.presence import Presence
from worker.adapters.store.desk.remarks import Remarks
from worker.adapters.store.desk.sessions import Sessions
from worker.adapters.store.desk.throttle import Throttle
from worker.adapters.store.desk.writing import Writing
from worker.adapters.store.engine import Database
from worker.ports import Clock


class DeskStore:
    """What the pages read and write besides claims; one instance per process."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self.people = People(database, clock=clock)
        self.sessions = Sessions(database, clock=clock)
        self.throttle = Throttle(database, clock=clock)
        self.actions = Actions(database, clock=clock)
        self.writing = Writing(database, clock=clock)
        self.remarks = Remarks(database, clock=clock)
        self.presence = Presence(database)
        self.assignments = Assignments(database)
