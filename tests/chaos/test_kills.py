"""Random kills of real processes: nothing is lost, no claim is doubled."""

import secrets
from collections.abc import Callable

import pytest

from tests.chaos import kills
from tests.chaos.rig import Site

MAILS, KILLS = 200, 40


@pytest.mark.chaos
@pytest.mark.timeout(2400)
def test_random_kills_lose_and_double_nothing(
    site: Site, record_property: Callable[[str, object], None]
) -> None:
    """Another seed each time; a run with the seed of a failure repeats its victims."""
    database = site.database_url.partition(":")[0].partition("+")[0]
    seed = secrets.randbelow(10**6)
    plan = kills.Plan(mails=MAILS, kills=KILLS, database=database, seed=seed)
    site.more = dict(kills.SETTINGS)

    outcome = kills.run(plan, site)

    record_property("figures", str(outcome))
    assert outcome.faults == [], str(outcome)
