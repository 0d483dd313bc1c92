"""orders.csv: rows become orders, or every fault is listed and nothing is given."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from worker.adapters.order_rows import COLUMNS, REQUIRED_COLUMNS, CsvFaults
from worker.adapters.orders_csv import OrdersFile, read_orders
from worker.domain.errors import UsageError
from worker.domain.orders import Order, Precision

ROW = {
    "order_number": "ORD-20261104-0183",
    "member_id": "M104233",
    "member_name": "Lena Hoffmann",
    "member_email": "lena.hoffmann@mail.example",
    "locale": "en",
    "placed_at": "2026-11-04T10:20:00+00:00",
    "package_id": "1",
    "package_value_usd": "480.00",
    "sales_price_usd": "450.00",
    "shipping_fee_usd": "62.50",
    "guarantee_fee_usd": "45.00",
    "arrived_at": "2026-11-17T09:00:00+00:00",
    "delivered_at": "2026-11-18T14:30:00+00:00",
    "collected_at": "",
    "tracking_number": "TRK0183",
    "points_applied": "0",
    "points_earned": "0",
}


def a_file(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> list[str]:
    """Return the lines of a file; each row names only what differs from ROW."""
    lines = [",".join(columns)]
    for changes in rows:
        row = ROW | changes
        cells = (row.get(column, "").replace('"', '""') for column in columns)
        lines.append(",".join(f'"{cell}"' for cell in cells))
    return [f"{line}\r\n" for line in lines]


def the_order(**changes: str) -> Order:
    (order,) = read_orders(a_file(changes)).rows
    return order


def faults_of(lines: list[str]) -> list[tuple[int, str]]:
    with pytest.raises(CsvFaults) as caught:
        read_orders(lines)
    return caught.value.faults


def fault_of(**changes: str) -> str:
    ((line, fault),) = faults_of(a_file(changes))
    assert line == 2
    return fault


# -- what is read -------------------------------------------------------------------


def test_a_row_becomes_an_order_with_its_member_and_package() -> None:
    order = the_order()

    assert order.order_number == "ORD-20261104-0183"
    assert order.member.member_id == "M104233"
    assert order.member.addresses == ("lena.hoffmann@mail.example",)
    assert order.guarantee_fee_usd == Decimal("45.00")
    (package,) = order.packages
    assert package.value_usd == Decimal("480.00")
    assert package.delivered is not None
    assert package.delivered.earliest_at == datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
    assert package.collected is None
    assert package.currency == "USD"


def test_columns_may_stand_in_any_order_and_optional_ones_be_absent() -> None:
    columns = tuple(reversed(REQUIRED_COLUMNS))

    found = read_orders(a_file({}, columns=columns))

    assert found.rows == (the_order(),)
    assert found.package_count == 1


def test_column_names_are_read_in_any_case() -> None:
    header, row = a_file({})

    assert read_orders([header.upper(), row]).rows == (the_order(),)


def test_several_rows_of_one_order_are_its_packages() -> None:
    found = read_orders(
        a_file(
            {"package_id": "A", "delivered_at": ""},
            {"order_number": "ORD-2"},
            {"order_number": "ord-20261104-0183", "package_id": "B"},
        )
    )

    assert [order.order_number for order in found.rows] == [
        "ORD-20261104-0183",
        "ORD-2",
    ]
    assert [package.package_id for package in found.rows[0].packages] == ["A", "B"]
    assert found.package_count == 3


def test_several_addresses_are_separated_by_semicolons_and_lowered() -> None:
    order = the_order(
        member_email="Lena@Mail.Example; l@work.example ;lena@mail.example"
    )

    assert order.member.addresses == ("lena@mail.example", "l@work.example")


@pytest.mark.parametrize("fee", ["", "0", "0.00"])
def test_G1_an_empty_or_zero_fee_means_not_bought(fee: str) -> None:
    assert the_order(guarantee_fee_usd=fee).has_guarantee is False


def test_empty_cells_are_unknown() -> None:
    order = the_order(
        member_email="", locale="", placed_at="", arrived_at="", tracking_number=""
    )

    assert order.member.addresses == ()
    assert order.member.locale == "en"
    assert order.placed is None
    assert order.packages[0].arrived is None
    assert order.packages[0].tracking_number is None


def test_EX_37_times_without_an_offset_are_local_at_the_destination() -> None:
    (package,) = the_order(
        delivered_at="2024-07-04", destination_tz="America/Chicago"
    ).packages

    assert package.delivered is not None
    assert package.delivered.precision is Precision.DAY
    assert package.delivered.earliest_at == datetime(2024, 7, 4, 5, tzinfo=UTC)
    assert package.destination_tz == "America/Chicago"


def test_without_a_destination_zone_the_default_zone_reads_them() -> None:
    lines = a_file(
        {"placed_at": "2026-11-04T10:20", "delivered_at": "2026-11-18 14:30"}
    )

    (order,) = read_orders(lines, default_tz="Asia/Taipei").rows

    assert order.placed is not None
    assert order.placed.earliest_at == datetime(2026, 11, 4, 2, 20, tzinfo=UTC)
    assert order.packages[0].delivered is not None
    assert order.packages[0].delivered.precision is Precision.MINUTE
    assert order.packages[0].delivered.earliest_at == datetime(
        2026, 11, 18, 6, 30, tzinfo=UTC
    )


def test_EX_13_a_value_in_another_currency_has_its_rate() -> None:
    (package,) = the_order(
        package_value_usd="3900.00", currency="hkd", fx_rate="7.80"
    ).packages

    assert package.currency == "HKD"
    assert package.fx_rate == Decimal("7.80")


def test_item_lines_and_weights_are_read() -> None:
    text = '[{"name": "Tray", "sales_price_usd": "150.00", "value_usd": "140.00"}]'

    (package,) = the_order(
        lines_json=text, estimated_weight_kg="4.20", actual_weight_kg="3.35"
    ).packages

    assert package.lines_json == text
    assert package.actual_weight_kg == Decimal("3.35")


def test_blank_lines_are_skipped_and_line_numbers_stay_right() -> None:
    header, good, bad = a_file({}, {"package_id": "2", "points_applied": "1.5"})

    faults = faults_of([header, "\r\n", good, ",,,\r\n", bad])

    assert faults == [(5, "points_applied: expected a whole number of points")]


def test_a_row_over_several_lines_is_named_by_its_first() -> None:
    header, good, bad = a_file({"lines_json": "["}, {"member_id": ""})
    lines = [header, good.replace("[", "[\r\n"), bad]
    spread = "".join(lines).splitlines(keepends=True)

    assert [line for line, _ in faults_of(spread)] == [2, 4]


# -- what is refused ----------------------------------------------------------------


def test_one_bad_row_gives_no_order_at_all() -> None:
    faults = faults_of(a_file({}, {"order_number": "ORD-2", "shipping_fee_usd": "-1"}))

    assert [line for line, _ in faults] == [3]


def test_every_fault_of_a_row_is_named() -> None:
    faults = faults_of(
        a_file({"order_number": "", "sales_price_usd": "1,234.56", "locale": "!"})
    )

    assert [fault.split(":")[0] for _, fault in faults] == [
        "sales_price_usd",
        "locale",
        "order_number",
    ]


@pytest.mark.parametrize(
    "column",
    [
        "order_number",
        "member_id",
        "package_id",
        "package_value_usd",
        "sales_price_usd",
        "shipping_fee_usd",
    ],
)
def test_what_an_order_cannot_be_without_is_needed(column: str) -> None:
    assert fault_of(**{column: " "}) == f"{column}: is empty"


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("package_value_usd", "1,234.56"),
        ("package_value_usd", "$12"),
        ("package_value_usd", "1e3"),
        ("sales_price_usd", "NaN"),
        ("shipping_fee_usd", "12.345"),
        ("guarantee_fee_usd", "-45.00"),
        ("points_earned", "12.5"),
        ("delivered_at", "18/11/2026 14:30"),
        ("delivered_at", "2026-02-30"),
        ("destination_tz", "Mars/Olympus"),
        ("currency", "dollars"),
        ("estimated_weight_kg", "4,2"),
        ("member_email", "lena at mail.example"),
        ("member_email", "a@b.example, c@d.example"),
        ("locale", "english please"),
        ("member_name", "Lena\nBcc: x"),
        ("member_name", "L" * 201),
        ("order_number", "O" * 81),
        ("order_number", "ß" * 41),
        ("lines_json", "{}"),
        ("lines_json", '[{"sales_price_usd": "1", "value_usd": "NaN"}]'),
        ("lines_json", '[{"sales_price_usd": "1e400", "value_usd": "1"}]'),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_by_its_column(
    column: str, text: str
) -> None:
    fault = fault_of(**{column: text})

    assert fault.startswith(f"{column}: ")
    assert text not in fault


def test_a_foreign_value_needs_its_rate() -> None:
    assert fault_of(currency="HKD") == "fx_rate: needed for a value in HKD"
    assert fault_of(currency="HKD", fx_rate="0").startswith("fx_rate: needed")


def test_an_unknown_column_is_named_with_the_likely_one() -> None:
    columns = tuple(c.replace("guarantee_fee", "guarantee_fees") for c in COLUMNS)

    assert faults_of(a_file({}, columns=columns)) == [
        (1, "unknown column 'guarantee_fees_usd'; did you mean guarantee_fee_usd?"),
        (1, "missing columns: guarantee_fee_usd"),
    ]


def test_a_column_that_stands_twice_is_named() -> None:
    faults = faults_of(a_file({}, columns=(*COLUMNS, "locale")))

    assert faults == [(1, "the column locale stands there 2 times")]


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_an_empty_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match=r"orders\.csv is empty"):
        read_orders(path)


def test_a_header_alone_has_no_orders(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(",".join(COLUMNS) + "\n\n", encoding="utf-8")

    with pytest.raises(UsageError, match=r"orders\.csv has no orders"):
        read_orders(path)


def test_semicolons_between_columns_are_named() -> None:
    ((_, fault),) = faults_of([";".join(COLUMNS)])

    assert "semicolons" in fault


def test_a_row_of_another_length_is_named() -> None:
    header, row = a_file({})

    ((line, fault),) = faults_of([header, row.replace("\r\n", ",x\r\n")])

    assert line == 2
    assert fault == f"{len(COLUMNS) + 1} cells, but the header has {len(COLUMNS)}"


def test_an_open_quote_is_named() -> None:
    header, row = a_file({})

    ((line, fault),) = faults_of([header, row, '"ORD-2'])

    assert line == 3
    assert fault.startswith("this is not CSV")


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("member_id", "M2"),
        ("member_name", "Lena H."),
        ("locale", "de"),
        ("placed_at", ""),
        ("guarantee_fee_usd", ""),
        ("points_applied", "1"),
        ("points_earned", "1"),
    ],
)
def test_rows_of_one_order_may_not_contradict_each_other(
    column: str, text: str
) -> None:
    faults = faults_of(a_file({}, {"package_id": "2", column: text}))

    assert faults == [(3, f"{column}: line 2 of this order differs")]


def test_the_same_package_twice_is_named() -> None:
    assert faults_of(a_file({"package_id": "a"}, {"package_id": "A"})) == [
        (3, "package_id: the same as in line 2")
    ]


def test_a_member_has_the_same_addresses_in_all_orders() -> None:
    faults = faults_of(
        a_file({}, {"order_number": "ORD-2", "member_email": "other@mail.example"})
    )

    assert faults == [(3, "member_email: line 2 of this member differs")]


def test_the_error_in_one_line_names_the_first_faults_and_counts_the_rest() -> None:
    rows = [{"order_number": f"ORD-{n}", "locale": "!"} for n in range(5)]

    with pytest.raises(CsvFaults, match=r"line 2: locale: .*; and 2 more$"):
        read_orders(a_file(*rows))


# -- files --------------------------------------------------------------------------


def from_bytes(tmp_path: Path, content: bytes) -> OrdersFile:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    return read_orders(path)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    content = "".join(a_file({})).encode("utf-8-sig")

    assert from_bytes(tmp_path, content).rows == (the_order(),)


def test_another_encoding_is_named(tmp_path: Path) -> None:
    content = "".join(a_file({"member_name": "Zoë"})).encode("cp1252")

    with pytest.raises(CsvFaults, match="not UTF-8"):
        from_bytes(tmp_path, content)


def test_a_file_that_is_not_there_is_a_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_orders(tmp_path / "absent.csv")
