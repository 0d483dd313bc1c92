"""What the way of a mail costs does not grow with the mails that there are.

SQLite keeps no statistics here, so it plans by its indexes alone: a table that it reads
from end to end has none that fits. The same on PostgreSQL, with millions of mails, is
measured by `python -m bench at_size`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from tests.builders_mail import auto_reply, make_claim_mail
from tests.flow.test_decide import FIRST, RECEIVED, SECOND, an_order_of
from tests.office import Office, an_office
from worker import decide
from worker.domain.claim import Claim

GROWING = (
    "assessments",
    "claim_events",
    "claim_keys",
    "claims",
    "documents",
    "emails",
    "jobs",
    "mails",
    "members",
    "orders",
    "packages",
    "photograph_keys",
    "photographs",
    "pieces",
)
READ_WHOLE = re.compile(rf"\bSCAN ({'|'.join(GROWING)})\b(?! USING)")
PLANNED = {"select", "with", "update", "delete"}
DAY = timedelta(days=1)


@contextmanager
def asked(office: Office) -> Iterator[dict[str, object]]:
    """Yield the statements that run, each with parameters of one of its runs."""
    engine = office.store.database.engine
    ran: dict[str, object] = {}

    def remember(*event: object) -> None:
        _, _, statement, parameters, *_ = event
        is_many = isinstance(parameters, list)
        ran[str(statement)] = parameters[0] if is_many else parameters  # type: ignore[index]

    sa.event.listen(engine, "before_cursor_execute", remember)
    yield ran
    sa.event.remove(engine, "before_cursor_execute", remember)


def read_whole(office: Office, ran: dict[str, object]) -> dict[str, str]:
    """Return the plans that read a growing table from end to end, by statement."""
    found = {}
    with office.store.database.engine.connect() as connection:
        for statement, parameters in ran.items():
            # An INSERT's plan names children that are only looked at after a violation.
            if statement.split(None, 1)[0].lower() not in PLANNED:
                continue
            rows = connection.exec_driver_sql(
                f"explain query plan {statement}",
                parameters,  # type: ignore[arg-type]
            )
            plan = "\n".join(str(row[3]) for row in rows)
            if READ_WHOLE.search(plan):
                found[statement] = plan
    return found


def first(office: Office) -> Claim:
    claim = office.store.claims.get(1)
    assert claim is not None
    return claim


def test_no_step_of_a_mail_reads_a_growing_table_whole(tmp_path: Path) -> None:
    orders = (an_order_of(FIRST), an_order_of(SECOND))
    with an_office(tmp_path / "office", *orders) as office:
        with asked(office) as ran:
            office.deliver(make_claim_mail())
            office.deliver(make_claim_mail(subject="my lamp", text="It is broken."))
            office.deliver(auto_reply())
            decide.approve(
                office.parts, first(office), amount="80", by="jo", reason="Seen."
            )
            office.run()
            decide.complete(office.parts, first(office), by="jo", reference="TRX-1")
            office.wait_until(RECEIVED + 10 * DAY)

        assert office.kinds[-1] == "completed"
        assert read_whole(office, ran) == {}
        assert len(ran) > 60
