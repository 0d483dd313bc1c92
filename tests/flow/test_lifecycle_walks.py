"""Random walks of decisions on a real claim: nothing undefined, nothing doubled."""

import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.flow.test_decide import (
    FIRST,
    an_order_of,
    complete,
    incomplete,
    invoice_follow_up,
    late,
)
from tests.office import Office, an_office
from worker import decide
from worker.domain.claim import Event
from worker.domain.errors import WorkerError
from worker.notify import PaymentProblem

Step = Callable[[Office], object]

STEPS: dict[str, Step] = {
    "wait": lambda o: o.wait_until(o.clock.at + timedelta(days=4)),
    "mail": lambda o: o.deliver(invoice_follow_up(o.clock.at)),
    "approve": lambda o: decide.approve(
        o.parts, o.claim, amount="80.00", by="jane", reason="Seen."
    ),
    "approve by another": lambda o: decide.approve(
        o.parts, o.claim, amount=None, by="kim"
    ),
    "propose": lambda o: decide.propose(
        o.parts,
        o.claim,
        decide.approval(o.parts, o.claim, amount="90.00", by="jo", reason="Seen."),
        by="jo",
    ),
    "return": lambda o: decide.give_back(o.parts, o.claim, by="kim", reason="why?"),
    "reject": lambda o: decide.reject(
        o.parts, o.claim, clauses=("C8",), by="kim", reason="Seen."
    ),
    "overrule": lambda o: decide.overrule(o.parts, o.claim, by="kim", reason="ok"),
    "ask": lambda o: decide.ask(o.parts, o.claim, text="Please say more.", by="jane"),
    "carrier": lambda o: decide.ask_carrier(o.parts, o.claim, by="jane", reason="t"),
    "answered": lambda o: decide.carrier_answered(
        o.parts, o.claim, by="jane", reason="t"
    ),
    "pay": lambda o: decide.pay(o.parts, o.claim, by="fin"),
    "fail": lambda o: decide.payment_failed(
        o.parts, o.claim, by="fin", problem=PaymentProblem.REFUSED
    ),
    "complete": lambda o: decide.complete(o.parts, o.claim, by="fin", reference="P-1"),
    "close": lambda o: decide.close(o.parts, o.claim, by="jane"),
    "withdraw": lambda o: decide.withdraw(o.parts, o.claim, by="jane", reason="so"),
    "appeal": lambda o: decide.appeal(o.parts, o.claim, by="jane", reason="so"),
    "take": lambda o: decide.take_appeal(o.parts, o.claim, by="lee"),
    "stop": lambda o: decide.stop(o.parts, o.claim, by="kim", reason="list"),
    "resume": lambda o: decide.resume(o.parts, o.claim, by="kim", reason="clear"),
}
COMPLETIONS = {
    Event.PAYOUT_DONE: "completed",
    Event.REJECTED: "rejected",
    Event.DOCS_EXPIRED: "closed_incomplete",
    Event.WITHDRAWN: "withdrawn",
}
"""What ends a claim, and the e-mail that says so (C13)."""


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([complete, incomplete, late]),
    st.lists(st.sampled_from(sorted(STEPS)), min_size=3, max_size=14),
)
def test_C13_whatever_people_do_each_completion_sends_exactly_one_mail(
    first: Callable[[], bytes], steps: list[str]
) -> None:
    """No step ends in an undefined state, and what is refused does nothing."""
    with (
        tempfile.TemporaryDirectory() as home,
        an_office(Path(home) / "office", an_order_of(FIRST)) as office,
    ):
        office.deliver(first())
        for name in steps:
            before = office.store.claims.get(1)
            try:
                STEPS[name](office)
            except WorkerError:
                assert office.store.claims.get(1) == before
            office.run()

        events = office.store.claims.events(1)
        sent = Counter(office.kinds)
        for event, kind in COMPLETIONS.items():
            done = sum(one.event is event for one in events)
            assert sent[kind] == done, (name, kind)
        claim = office.store.claims.get(1)
        assert claim is not None
        assert claim.state is events[-1].state_after
        states = [one.state_after for one in events[:-1]]
        assert [one.state_before for one in events[1:]] == states
        assert office.store.stats.counts().dead_letters == 0
