"""What a proof of purchase says the order was worth (clause G5, `value_differs`)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.builders import (
    ORDER_NUMBER,
    a_mail,
    a_package,
    an_invoice,
    an_order,
    an_order_mail,
)
from worker.domain.claim import ClaimType
from worker.domain.documents import DocumentKind, Piece, Why
from worker.domain.orders import Order
from worker.domain.papers import read_text
from worker.domain.roles import pieces
from worker.domain.values import differing, explained, total_usd

ORDER = an_order()
"""480.00 of value sold for 450.00, 62.50 of shipping, 45.00 of fee."""


def total_of(text: str, order: Order = ORDER) -> Decimal | None:
    return total_usd(read_text(f"Order {ORDER_NUMBER}\n{text}", ORDER_NUMBER), order)


def a_proof(total: str | None, sha256: str = "a", why: Why | None = None) -> Piece:
    return Piece(
        mail_id=1,
        path="2",
        filename=f"{sha256}.pdf",
        sha256=sha256,
        kind=DocumentKind.PROOF_OF_PURCHASE,
        why=why,
        total_usd=None if total is None else Decimal(total),
    )


def is_differing(*proofs: Piece, order: Order = ORDER) -> bool:
    return bool(differing(proofs, order))


def test_an_order_explains_its_goods_alone_up_to_all_its_fees() -> None:
    range_ = explained(ORDER)

    assert range_.least == Decimal("337.50")  # 450.00 less a quarter
    assert range_.most == Decimal("734.38")  # 587.50 and a quarter


def test_with_points_any_small_total_is_explained() -> None:
    assert explained(replace(ORDER, points_applied=900)).least == 0


def test_one_package_of_several_and_all_of_them_are_explained() -> None:
    order = an_order(packages=(a_package(), a_package("2", value_usd="90.00")))

    assert explained(order).least == Decimal("67.50")
    assert explained(order).most > Decimal(1200)


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("Vase $45.00\nTotal $512.50", "512.50"),
        ("Vase $45.00\nTotal $98.00", "98.00"),
        ("Subtotal $450.00\nTotal $512.50", "512.50"),
        ("Vase USD 1,900.00\nGrand total USD 1,900.00", "1900.00"),
        ("Vase US$45.00\nTotal\nUS$ 45.00", "45.00"),
    ],
)
def test_the_total_of_a_paper_in_us_dollars_is_read(text: str, total: str) -> None:
    assert total_of(text) == Decimal(total)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Vase $98.00", id="no-total"),
        pytest.param("Total 98.00", id="no-currency"),
        pytest.param("Total 98,00 €", id="a-currency-that-the-order-has-not"),
        pytest.param("Total CA$ 98.00", id="other-dollars"),
        pytest.param("Total $98.00 CAD", id="other-dollars-named-behind"),
        pytest.param("Total MXN $98.00", id="pesos"),
        pytest.param(
            "Amount\nCup $9.00\nTea set $512.50", id="another-sum-is-explained"
        ),
        pytest.param("Total $ 99,999,999,999.00", id="a-number-of-something-else"),
    ],
)
def test_where_the_total_is_not_certain_there_is_none(text: str) -> None:
    assert total_of(text) is None


def test_a_paper_that_does_not_name_the_order_has_no_total() -> None:
    assert total_usd(read_text("Total $98.00", ORDER_NUMBER), ORDER) is None


def test_a_total_in_the_orders_own_currency_is_converted_at_its_rate() -> None:
    own = replace(
        a_package(value_usd="3900.00"), currency="HKD", fx_rate=Decimal("7.80")
    )
    order = an_order(packages=(own,))

    assert total_of("Total HK$ 780.00", order) == Decimal("100.00")
    assert total_of("Total $780.00", order) is None  # of either country


@pytest.mark.parametrize("total", ["337.50", "450.00", "512.50", "734.38"])
def test_what_the_order_explains_does_not_differ(total: str) -> None:
    assert not is_differing(a_proof(total))


@pytest.mark.parametrize("total", ["337.49", "734.39", "12.00", "5000.00"])
def test_a_total_a_quarter_beyond_differs(total: str) -> None:
    assert is_differing(a_proof(total))


def test_invoices_that_together_are_the_order_do_not_differ() -> None:
    assert not is_differing(a_proof("135.00"), a_proof("315.00", "b"))
    assert is_differing(a_proof("135.00"), a_proof("20.00", "b"))


def test_one_paper_that_agrees_is_enough() -> None:
    assert not is_differing(a_proof("12.00"), a_proof("512.50", "b"))


def test_refused_papers_and_those_without_a_total_say_nothing() -> None:
    assert not is_differing(a_proof("12.00", why=Why.WRONG_ORDER), a_proof(None, "b"))


def test_the_total_goes_with_the_proof_of_purchase() -> None:
    mail = a_mail(attachments=(an_invoice(), an_order_mail()))

    found = pieces(1, mail, ORDER, ClaimType.DAMAGE)

    totals = {piece.kind: piece.total_usd for piece in found}
    assert totals[DocumentKind.PROOF_OF_PURCHASE] == Decimal("512.50")
    assert totals[DocumentKind.ORDER_NOTIFICATION] is None
