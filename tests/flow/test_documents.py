"""Documents (clauses C3, C7): what texts show, what is required, and the verdicts."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import INVOICE_TEXT, ORDER_NUMBER
from worker.domain.claim import ClaimType
from worker.domain.documents import (
    DocumentKind,
    Piece,
    Verdict,
    Why,
    is_complete,
    judge,
    required,
)
from worker.domain.papers import amounts_in, read_text

D1, D2, D3, D4 = DocumentKind
DAMAGE = ClaimType.DAMAGE


def a_piece(
    kind: DocumentKind = D1,
    *,
    is_provisional: bool = False,
    why: Why | None = None,
    filename: str = "invoice.pdf",
) -> Piece:
    return Piece(
        mail_id=1,
        path="2",
        filename=filename,
        sha256="0" * 64,
        kind=kind,
        is_provisional=is_provisional,
        why=why,
        evidence=f"about {filename}",
    )


def verdicts(
    *pieces: Piece,
    claim_type: ClaimType = DAMAGE,
    waived: frozenset[DocumentKind] = frozenset(),
) -> dict[DocumentKind, Verdict]:
    return {v.kind: v.verdict for v in judge(claim_type, pieces, waived)}


# -- required and judged ----------------------------------------------------------


@pytest.mark.parametrize(
    ("claim_type", "expected"),
    [
        (ClaimType.DAMAGE, {D1, D2, D3, D4}),
        (ClaimType.PARTIAL_LOSS, {D1, D2, D3, D4}),
        (ClaimType.TOTAL_LOSS, {D1, D2}),
        (ClaimType.UNKNOWN, {D1, D2}),
    ],
)
def test_C7_the_matrix_says_what_blocks_a_claim(
    claim_type: ClaimType, expected: set[DocumentKind]
) -> None:
    assert required(claim_type) == expected


def test_without_files_everything_is_missing() -> None:
    assert set(verdicts().values()) == {Verdict.MISSING}


def test_a_total_loss_needs_no_photographs() -> None:
    found = verdicts(a_piece(D1), a_piece(D2), claim_type=ClaimType.TOTAL_LOSS)

    assert found[D3] is found[D4] is Verdict.NOT_REQUIRED


def test_one_good_file_outweighs_bad_ones() -> None:
    found = judge(DAMAGE, (a_piece(), a_piece(why=Why.ENCRYPTED, filename="b.pdf")))

    assert found[0].verdict is Verdict.SATISFIED
    assert found[0].files == ("invoice.pdf",)


def test_a_certain_file_outweighs_provisional_ones() -> None:
    found = verdicts(a_piece(is_provisional=True), a_piece())

    assert found[D1] is Verdict.SATISFIED
    assert verdicts(a_piece(is_provisional=True))[D1] is Verdict.PROVISIONAL


def test_among_bad_files_the_last_names_the_reason() -> None:
    found = judge(DAMAGE, (a_piece(why=Why.ENCRYPTED), a_piece(why=Why.WRONG_ORDER)))

    assert found[0].verdict is Verdict.REJECTED
    assert found[0].why is Why.WRONG_ORDER
    assert found[0].evidence == "about invoice.pdf"


def test_a_waived_document_is_not_asked_for_and_a_file_outweighs_the_waiver() -> None:
    waived = frozenset({D1})

    assert verdicts(waived=waived)[D1] is Verdict.WAIVED
    assert verdicts(a_piece(), waived=waived)[D1] is Verdict.SATISFIED
    assert verdicts(a_piece(why=Why.ENCRYPTED), waived=waived)[D1] is Verdict.WAIVED


def test_a_set_is_complete_when_nothing_that_blocks_is_missing() -> None:
    papers = (a_piece(D1), a_piece(D2, is_provisional=True))

    assert not is_complete(DAMAGE, judge(DAMAGE, papers))
    for claim_type in (ClaimType.TOTAL_LOSS, ClaimType.UNKNOWN):
        assert is_complete(claim_type, judge(claim_type, papers))
    photographs = (a_piece(D3), a_piece(D4, is_provisional=True))
    assert is_complete(DAMAGE, judge(DAMAGE, (*papers, *photographs)))


# -- amounts ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("$135.00", "135", "$"),
        ("135,00 €", "135", "€"),
        ("US$ 1.234,56", "1234.56", "us$"),
        ("HK$3,900.00", "3900", "hk$"),
        ("£9.99", "9.99", "£"),
        ("￥4,500", "4500", "¥"),
        ("4.500円", "4500", "円"),
        ("EUR 10", "10", "eur"),
        ("CHF 1'234.50", "1234.50", "chf"),
        ("1 234,50 zł", "1234.50", "zl"),
        ("1\u00a0234,50 €", "1234.50", "€"),
        ("100元", "100", "元"),
        ("12.000원", "12000", "원"),
        ("2 500 ₽", "2500", "₽"),
        ("500 руб.", "500", "руб"),
        ("1000 kr", "1000", "kr"),
        ("R$ 12,30", "12.30", "r$"),
        ("1.234.567,89 €", "1234567.89", "€"),
        ("Total 512.50", "512.50", None),
        ("2 NT$2,330", "2330", "nt$"),
        ("1 US$ 12.30", "12.30", "us$"),
        ("3 USD 45.00", "45", "usd"),
        ("1,200(円)", "1200", "円"),
        ("MXN $1,234.50", "1234.50", "mxn"),
        ("$120.00 CAD", "120", "cad"),
    ],
)
def test_sums_are_read_in_the_usual_notations(
    text: str, value: str, currency: str | None
) -> None:
    (found,) = amounts_in(text)

    assert found.value == Decimal(value)
    assert found.currency == currency


@pytest.mark.parametrize(
    "text",
    [
        "04.11.2026",
        "2026-11-04",
        "10:30",
        "1.25 kg",
        "0171 1234567",
        "version 1.25.3",
        "7",
    ],
)
def test_other_numbers_are_no_sums(text: str) -> None:
    assert amounts_in(text) == ()


def test_an_invoice_lists_contents_and_value() -> None:
    found = read_text(INVOICE_TEXT, ORDER_NUMBER)

    assert found.names_order
    assert found.item_lines == 2
    assert len(found.amounts) == 4
    assert found.has_total
    assert found.lists_contents


@pytest.mark.parametrize(
    "text",
    [
        "Blue running shoes\n1\n$135.00\nTotal\n$135.00",
        "1 x Vase\t45,00 €\nVersand\t5,00 €\nGesamtsumme\t50,00 €",
        "商品 茶具 ¥4,500\n合計 ¥4,500",
        "Qty Item Price\n1 Ceramic tea set 315.00\nTotal 315.00",
    ],
)
def test_goods_and_prices_are_found_in_other_layouts(text: str) -> None:
    assert read_text(text, ORDER_NUMBER).lists_contents


@pytest.mark.parametrize(
    "text",
    [
        "Get free shipping on orders over $50",
        "Save $10 on your next order, up to $20",
        "Order total: $512.50\nShipping $62.50",
        "Thank you for your order.",
    ],
)
def test_offers_and_totals_alone_list_no_contents(text: str) -> None:
    assert not read_text(text, ORDER_NUMBER).lists_contents


# -- order numbers --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Order ORD-20261104-0183", ORDER_NUMBER),
        ("order ord 20261104 0183.", ORDER_NUMBER),
        ("ORD\u201320261104\u20110183", ORDER_NUMBER),
        ("ORD202611040183", ORDER_NUMBER),
        ("ORD-20261104-\n0183", ORDER_NUMBER),
        ("ORD-2026\n1104-0183", ORDER_NUMBER),
        ("订单号ORD-20261104-0183。", ORDER_NUMBER),
        ("order_ORD-20261104-0183.pdf", ORDER_NUMBER),
        ("order 100234", "#100234"),
        ("order number 100234", "100234"),
    ],
)
def test_an_order_number_is_found_however_it_is_written(text: str, number: str) -> None:
    assert read_text(text, number).names_order


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("order 1100234", "100234"),
        ("order 100234-1a", "100234-1"),
        ("XORD-20261104-0183", ORDER_NUMBER),
        ("ORD-20261104-01835", ORDER_NUMBER),
    ],
)
def test_a_part_of_another_number_is_not_ours(text: str, number: str) -> None:
    assert not read_text(text, number).names_order


@pytest.mark.parametrize(
    ("text", "number", "other"),
    [
        ("Order number: ORD-20260101-9999", ORDER_NUMBER, "ord-20260101-9999"),
        ("Bestellnummer: 100299", "100234", "100299"),
        ("订单号：100299", "100234", "100299"),
        ("备注:订单号100299", "100234", "100299"),
        ("Your order 2025-XY-999", "2024-AB-123", "2025-xy-999"),
    ],
)
def test_a_number_of_the_same_shape_is_another_order(
    text: str, number: str, other: str
) -> None:
    assert read_text(text, number).other_orders == (other,)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Invoice INV-20261104-0001", ORDER_NUMBER),
        ("Invoice 100299, customer 555123, tel 123456", "100234"),
        (f"Orders ORD-20260101-9999 and {ORDER_NUMBER}", ORDER_NUMBER),
    ],
)
def test_other_numbers_are_not_taken_for_another_order(text: str, number: str) -> None:
    assert read_text(text, number).other_orders == ()


@given(st.text(), st.text(min_size=1, max_size=40))
def test_no_text_and_no_order_number_raises(text: str, number: str) -> None:
    assert len(read_text(text, number).amounts) <= 200


@pytest.mark.parametrize(
    "piece",
    [
        "$",
        "1",
        "1,",
        "1 ",
        "order ",
        "ord-20261104-",
        "a\n",
        "$1\n",
        " ",
        "1.11 ",
        "\ufdfa",
    ],
)
def test_200_kilobytes_of_anything_are_read_quickly(piece: str) -> None:
    text = (piece * 200_000)[:200_000]

    started = time.process_time()
    read_text(text, ORDER_NUMBER)
    read_text(text, "100234")

    assert time.process_time() - started < 0.5
