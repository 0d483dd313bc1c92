"""CLAIMS_POLICY: a TOML file becomes a policy, or all of its faults are named."""

import re
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from worker.adapters.policy_file import parse_policy, read_policy, write_policy
from worker.domain.errors import SettingsInvalid
from worker.domain.policy import (
    SWITCHES,
    DamageCapMode,
    EarnBase,
    LateCountsFrom,
    Lifetime,
    Policy,
    RefundLotOrder,
    RespondCount,
    ReturnSequence,
    SalesPriceBasis,
    ThirtyDayCount,
    TimestampSource,
)

ROOT = Path(__file__).parents[2]

EVERY_SWITCH = """
version = "2027-01"
damage_cap_mode = "lower"
cap_includes_shipping = false
sales_price_basis = "gross"
packed_well_rule = false
late_24h_counts_from = "courier_scan"
timestamp_source = "internaldate"
thirty_day_count = "720 hours"
respond_within = "5 days"
respond_count = "calendar_days"
documents_due = "10 days"
documents_reminder = "96 hours"
appeal_window = "14 days"
reopen_window = "1 day"
proof_date_tolerance = "24 hours"
policy_tz = "Asia/Taipei"
two_person_limit_usd = 250
weight_flag_percent = 7.5
auto_response = false
redeem_step = 100
earn_base = "price before points"
refund_lot_order = "pro_rata"
return_sequence = "deduct_first"
review_photo_points = 10
daily_points_cap = 200
points_life_verified = "1 month"
points_life_purchase = "6 months"
points_life_review = "30 days"
points_life_event = "1 day"
points_life_returned = "12 months"
points_life_adjusted = "never"
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(SettingsInvalid) as caught:
        parse_policy(text)
    return caught.value.faults


def test_an_empty_file_is_the_default_policy() -> None:
    assert parse_policy("# nothing\n") == Policy()


def test_every_switch_can_be_set() -> None:
    policy = parse_policy(EVERY_SWITCH)

    assert policy == Policy(
        version="2027-01",
        damage_cap_mode=DamageCapMode.LOWER,
        cap_includes_shipping=False,
        sales_price_basis=SalesPriceBasis.GROSS,
        packed_well_rule=False,
        late_24h_counts_from=LateCountsFrom.COURIER_SCAN,
        timestamp_source=TimestampSource.INTERNALDATE,
        thirty_day_count=ThirtyDayCount.HOURS_720,
        respond_within=timedelta(days=5),
        respond_count=RespondCount.CALENDAR_DAYS,
        documents_due=timedelta(days=10),
        documents_reminder=timedelta(days=4),
        appeal_window=timedelta(days=14),
        reopen_window=timedelta(days=1),
        proof_date_tolerance=timedelta(days=1),
        policy_tz="Asia/Taipei",
        two_person_limit_usd=Decimal(250),
        weight_flag_percent=Decimal("7.5"),
        auto_response=False,
        redeem_step=100,
        earn_base=EarnBase.PRICE_BEFORE_POINTS,
        refund_lot_order=RefundLotOrder.PRO_RATA,
        return_sequence=ReturnSequence.DEDUCT_FIRST,
        review_photo_points=10,
        daily_points_cap=200,
        points_life_verified=Lifetime(months=1),
        points_life_purchase=Lifetime(months=6),
        points_life_review=Lifetime(days=30),
        points_life_event=Lifetime(days=1),
        points_life_returned=Lifetime(months=12),
        points_life_adjusted=Lifetime(),
    )


def test_the_example_above_leaves_no_switch_out() -> None:
    assert all(f"\n{field.name} = " in EVERY_SWITCH for field in fields(Policy))


def test_all_faults_are_named_together() -> None:
    faults = faults_of(
        """
        damage_cap_mod = "lower"
        sales_price_basis = "net"
        cap_includes_shipping = "no"
        respond_within = 168
        documents_due = "0 days"
        policy_tz = "Mars/Olympus"
        two_person_limit_usd = -1
        weight_flag_percent = true
        version = " "
        """
    )

    length = 'expected a length such as "168 hours" or "7 days"'
    number = "expected a number that is not negative, such as 500 or 7.5"
    assert [fault.removeprefix("CLAIMS_POLICY: ") for fault in faults] == [
        "damage_cap_mod: there is no such switch; did you mean damage_cap_mode?",
        "sales_price_basis: expected one of paid, gross",
        "cap_includes_shipping: expected true or false",
        f"respond_within: {length}",
        "documents_due: expected at least 24 and at most 8760 hours",
        "policy_tz: expected a time zone such as Europe/Berlin",
        f"two_person_limit_usd: {number}",
        f"weight_flag_percent: {number}",
        "version: expected a text",
    ]


@pytest.mark.parametrize(
    "number", ['"NaN"', "inf", "nan", '"a lot"'], ids=["NaN", "inf", "nan", "words"]
)
def test_a_number_must_be_one(number: str) -> None:
    assert len(faults_of(f"two_person_limit_usd = {number}")) == 1


def test_the_reminder_comes_before_the_due_date() -> None:
    assert faults_of('documents_due = "3 days"') == [
        "CLAIMS_POLICY: documents_reminder: not shorter than documents_due"
    ]


def test_what_is_no_toml_is_one_fault() -> None:
    (fault,) = faults_of("damage_cap_mode = lower")

    assert fault.startswith("CLAIMS_POLICY: no TOML: ")


def test_changed_switches_without_a_version_get_one_of_their_own() -> None:
    lower = parse_policy('damage_cap_mode = "lower"')
    gross = parse_policy('sales_price_basis = "gross"')
    unchanged = parse_policy('damage_cap_mode = "sum"')

    assert unchanged.version == Policy().version
    assert lower.version.startswith(f"{Policy().version}+")
    assert len({lower.version, gross.version, unchanged.version}) == 3
    assert parse_policy('damage_cap_mode = "Lower"').version == lower.version


def test_a_file_is_read_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"

    path.write_bytes(b'\xef\xbb\xbfdamage_cap_mode = "lower"\n')

    assert read_policy(path).damage_cap_mode is DamageCapMode.LOWER


def test_without_a_file_the_default_policy_holds() -> None:
    assert read_policy(None) == Policy()


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"], ids=["absent", "binary"])
def test_a_file_that_cannot_be_read_is_a_fault(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "policy.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SettingsInvalid, match="cannot be read"):
        read_policy(path)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('respond_within = "169 hours"', "expected at least 24 and at most 168 hours"),
        ('respond_within = "23 hours"', "expected at least 24 and at most 168 hours"),
        ("weight_flag_percent = 100.5", "expected at least 0 and at most 100"),
        (
            'points_life_event = "1 year"',
            'expected a lifetime such as "7 days", "3 months" or "never"',
        ),
        ("redeem_step = 0", "expected at least 1 and at most 100000"),
        ("redeem_step = 1.5", "expected a whole number, such as 100"),
        ("redeem_step = true", "expected a whole number, such as 100"),
        (f'version = "{"x" * 41}"', "expected at most 40 characters on one line"),
    ],
)
def test_a_value_out_of_its_range_is_a_fault(text: str, fault: str) -> None:
    name = text.partition(" ")[0]

    assert faults_of(text) == [f"CLAIMS_POLICY: {name}: {fault}"]


@pytest.mark.parametrize("hours", [24, 168])
def test_the_ends_of_a_range_are_within_it(hours: int) -> None:
    policy = parse_policy(f'respond_within = "{hours} hours"')

    assert policy.respond_within == timedelta(hours=hours)


def test_whole_days_are_needed_where_days_are_counted() -> None:
    text = 'respond_count = "calendar_days"\nrespond_within = "100 hours"'

    assert faults_of(text) == [
        "CLAIMS_POLICY: respond_within: respond_count calendar_days takes whole days"
    ]


def test_the_version_of_the_defaults_names_nothing_else() -> None:
    (fault,) = faults_of(f'version = "{Policy().version}"\nauto_response = false')

    assert fault.startswith("CLAIMS_POLICY: version: ")


def test_every_switch_is_described() -> None:
    assert [*SWITCHES] == [f.name for f in fields(Policy) if f.name != "version"]


@pytest.mark.parametrize("text", ["", EVERY_SWITCH, 'damage_cap_mode = "lower"'])
def test_a_written_policy_is_read_back_the_same(text: str) -> None:
    policy = parse_policy(text)

    assert parse_policy(write_policy(policy)) == policy


def test_who_changes_a_written_policy_gets_another_version() -> None:
    written = write_policy(Policy())

    changed = parse_policy(written.replace('mode = "sum"', 'mode = "lower"'))

    assert changed.damage_cap_mode is DamageCapMode.LOWER
    assert changed.version != Policy().version


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_that_nothing_reads_yet_says_so(name: str) -> None:
    used = re.compile(rf"policy\.{name}\b")
    sources = [path.read_text() for path in (ROOT / "worker").rglob("*.py")]

    assert any(map(used.search, sources)) is SWITCHES[name].is_acted_on
