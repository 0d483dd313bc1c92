"""The desk's part of the record: people, sessions, lists and figures."""

from worker.adapters.store.desk.actions import Actions
from worker.adapters.store.desk.assigning import Assignments
from worker.adapters.store.desk.claim_pages import ClaimPages
from worker.adapters.store.desk.dead_letters import DeadLetters
from worker.adapters.store.desk.figures import Figures
from worker.adapters.store.desk.finding import Finder
from worker.adapters.store.desk.listing import Listing
from worker.adapters.store.desk.operations import Operations
from worker.adapters.store.desk.paused import Paused
from worker.adapters.store.desk.people import People
from worker.adapters.store.desk.placements import Placements
from worker.adapters.store.desk.presence import Presence
from worker.adapters.store.desk.remarks import Remarks
from worker.adapters.store.desk.sessions import Sessions
from worker.adapters.store.desk.throttle import Throttle
from worker.adapters.store.desk.tokens import Tokens
from worker.adapters.store.desk.triage import Triage
from worker.adapters.store.desk.views import Views
from worker.adapters.store.desk.work import WorkList
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
        self.figures = Figures(database)
        self.listing = Listing(database)
        self.tokens = Tokens(database, clock=clock)
        self.work = WorkList(database)
        self.finder = Finder(database)
        self.views = Views(database)
        self.assignments = Assignments(database, clock=clock)
        self.dead_letters = DeadLetters(database)
        self.paused = Paused(database)
        self.operations = Operations(database, clock=clock)
        self.triage = Triage(database)
        self.placements = Placements(database)
        self.writing = Writing(database, clock=clock)
        self.remarks = Remarks(database, clock=clock)
        self.presence = Presence(database)
        self.claim_pages = ClaimPages(database)
