"""While the shop's directory is down, claims wait and nobody is told otherwise."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.builders_mail import make_claim_mail
from tests.commands import write_orders
from tests.office import Office, an_office
from tests.services.orders_api import TOKEN, OrdersApi, raw
from worker.runner import ALERT_AFTER

OTHER = make_claim_mail(member="M9", order="ORD-9", subject="M9+ORD-9+Claim")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[OrdersApi]:
    with OrdersApi(write_orders(tmp_path)) as api:
        yield api


@pytest.fixture
def office(tmp_path: Path, api: OrdersApi) -> Iterator[Office]:
    with an_office(
        tmp_path / "office", orders_url=api.url, orders_token=TOKEN
    ) as office:
        yield office
        office.parts.close()


def let_pass(office: Office, length: timedelta) -> None:
    """Let jobs have waited longer, in a worker that was started anew."""
    with office.store.database.write() as session:
        session.execute(
            sa.text("update jobs set first_transient_ms = first_transient_ms - :ms"),
            {"ms": length // timedelta(milliseconds=1)},
        )
    office.parts.__dict__.pop("orders_http").close()


def test_a_mail_waits_while_the_directory_is_down_and_opens_its_claim_after(
    office: Office, api: OrdersApi
) -> None:
    api.fault = raw(503)
    mail_id = office.deliver(make_claim_mail())

    assert office.fate(mail_id) is None
    assert office.emails == []

    api.fault = None
    let_pass(office, timedelta(minutes=1))
    office.run_again()

    assert office.fate(mail_id) == "claim"
    assert office.kinds == ["received"]


def test_somebody_is_told_once_when_it_stays_away(
    office: Office, api: OrdersApi
) -> None:
    api.fault = raw(404, b"<html>Not here</html>")
    mail_id = office.deliver(make_claim_mail())
    assert office.store.alerts.newest(limit=9) == []

    for _ in range(3):
        let_pass(office, ALERT_AFTER)
        office.run_again()

    (alert,) = office.store.alerts.newest(limit=9)
    assert alert.code == "orders_lost"
    assert office.fate(mail_id) is None
    assert office.emails == []


def test_one_odd_order_holds_up_no_other_mail(office: Office, api: OrdersApi) -> None:
    api.fault = raw(200, b"{}")
    api.is_faulty = lambda path: path.startswith("/orders/ORD-2026")

    first = office.deliver(make_claim_mail())
    second = office.deliver(OTHER)

    assert office.fate(first) is None
    assert office.fate(second) == "cannot_match"

    api.fault = None
    office.run_again()
    assert office.fate(first) == "claim"


def test_what_the_directory_says_does_not_exist_is_told_to_the_member(
    office: Office,
) -> None:
    mail_id = office.deliver(OTHER)

    assert office.fate(mail_id) == "cannot_match"
    assert len(office.emails) == 1
