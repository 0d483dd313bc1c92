"""`claims quote`, `claims explain` and `claims policy`, as they are typed."""

import json
from pathlib import Path

import pytest

from tests.commands import HEADER, ROW, Done, one_line, write_orders
from tests.commands import claims_here as claims

ORDER = "ORD-20261104-0183"
SECOND = ROW.replace(",1,480.00,450.00,62.50,", ",2,480.00,450.00,62.50,").replace(
    "TRK0183", "TRK0184"
)


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    return write_orders(tmp_path)


def quoted(folder: Path, orders: Path, *words: str, **settings: str) -> Done:
    asked: list[str | Path] = ["quote", "--order", ORDER, "--orders", orders, *words]
    return claims(folder, *asked, **settings)


def test_a_quote_in_json_has_exactly_the_fields_of_the_contract(
    tmp_path: Path, orders: Path
) -> None:
    done = quoted(
        tmp_path, orders, "--type", "damage", "--audited-product", "250", "--json"
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "order_number": ORDER,
        "package_id": "1",
        "claim_type": "damage",
        "lines": [
            {
                "label": "Shipping, at most 30% of 62.50",
                "amount_usd": "18.75",
                "clause": "G8",
            },
            {
                "label": "Product, audited loss 250.00, at most 100.00",
                "amount_usd": "100.00",
                "clause": "G8",
            },
        ],
        "total_usd": "118.75",
        "cap_applied": True,
        "needs_person": False,
        "alternatives": [
            {"switch": "damage_cap_mode", "value": "lower", "total_usd": "18.75"}
        ],
        "points_restored": 0,
        "policy_version": "2026-11",
    }


def test_a_quote_for_people_shows_the_lines_both_values_and_the_clauses(
    tmp_path: Path, orders: Path
) -> None:
    done = quoted(tmp_path, orders, "--type", "damage", "--audited-product", "250")

    for shown in ("18.75", "118.75", "with damage_cap_mode = lower", "G8: The maximum"):
        assert shown in done.stdout


def test_a_quote_follows_the_policy_and_names_its_version(
    tmp_path: Path, orders: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('version = "owner 7"\ndamage_cap_mode = "lower"\n')

    done = quoted(
        tmp_path, orders, "--type", "damage", "--json", CLAIMS_POLICY=str(policy)
    )

    found = json.loads(done.stdout)
    assert found["total_usd"] == "18.75"
    assert found["needs_person"] is True
    assert found["policy_version"] == "owner 7"
    assert found["alternatives"][0]["total_usd"] == "118.75"


def test_a_quote_reads_the_imported_directory_in_any_writing(
    tmp_path: Path, orders: Path
) -> None:
    claims(tmp_path, "migrate")
    claims(tmp_path, "orders", "import", orders)

    done = claims(
        tmp_path, "quote", "--order", ORDER.lower(), "--type", "total_loss", "--json"
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["total_usd"] == "512.50"


def test_a_quote_of_what_is_excluded_is_nothing_and_names_the_switch(
    tmp_path: Path, orders: Path
) -> None:
    shown = ["--packaging", "intact", "--contents", "damaged"]

    done = quoted(tmp_path, orders, "--type", "damage", *shown, "--json")

    found = json.loads(done.stdout)
    assert found["total_usd"] == "0.00"
    assert found["lines"][0]["clause"] == "G9a"
    assert found["alternatives"][0]["switch"] == "packed_well_rule"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--type", "unknown"], 2, "'unknown' is not one of"),
        (["--type", "damage", "--audited-product", "1,5"], 2, "no amount such as"),
        (["--type", "damage", "--audited-product=-5"], 2, "no amount such as"),
        (["--type", "damage", "--audited-product", "NaN"], 2, "no amount such as"),
        (["--type", "total_loss", "--audited-product", "5"], 2, "is not audited"),
        (["--type", "damage", "--missing", "1"], 2, "only a partial loss"),
        (["--type", "total_loss", "--contents", "intact"], 2, "only for damage"),
        (["--type", "partial_loss", "--missing", "1"], 2, "has 0 item lines"),
        (["--type", "damage", "--package", "9"], 1, "no package 9; it has 1"),
        (["--type", "damage", "--order", "ORD-9"], 1, "there is no order ORD-9"),
    ],
    ids=str,
)
def test_a_quote_that_cannot_be_made_says_why_in_one_line(
    tmp_path: Path, orders: Path, words: list[str], code: int, said: str
) -> None:
    done = quoted(tmp_path, orders, *words)

    assert done.returncode == code
    assert said in one_line(done)
    assert done.stdout == ""


def test_a_quote_of_an_order_of_two_packages_asks_which(
    tmp_path: Path, orders: Path
) -> None:
    orders.write_text(f"{HEADER}\n{ROW}\n{SECOND}\n", encoding="utf-8")

    unnamed = quoted(tmp_path, orders, "--type", "total_loss")
    named = quoted(tmp_path, orders, "--type", "total_loss", "--package", "2", "--json")

    assert unnamed.returncode == 2
    assert "name the package with --package; the order has 1, 2" in one_line(unnamed)
    assert json.loads(named.stdout)["package_id"] == "2"


@pytest.mark.parametrize(
    "words", [["quote"], ["explain"], ["policy", "show"], ["policy", "check"]], ids=str
)
def test_each_command_shows_an_example(tmp_path: Path, words: list[str]) -> None:
    shown = claims(tmp_path, *words, "--help")

    assert shown.returncode == 0
    assert f"claims {' '.join(words)}" in shown.stdout.partition("Example")[2]


def test_explain_of_a_claim_that_is_not_there_says_so(tmp_path: Path) -> None:
    claims(tmp_path, "migrate")

    done = claims(tmp_path, "explain", "CLM-9")

    assert done.returncode == 1
    assert "there is no claim CLM-9" in one_line(done)


def test_the_shown_policy_is_a_file_that_checks(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(claims(tmp_path, "policy", "show").stdout)

    same = claims(tmp_path, "policy", "check", path)
    path.write_text(path.read_text().replace('mode = "sum"', 'mode = "lower"'))
    changed = claims(tmp_path, "policy", "check", path)

    assert same.returncode == changed.returncode == 0
    assert "version 2026-11\n" in same.stdout
    assert "damage_cap_mode: lower instead of sum" in changed.stdout


def test_a_policy_with_faults_names_each_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('damage_cap_mod = "lower"\nrespond_within = "8 days"\n')

    done = claims(tmp_path, "policy", "check", path)

    assert done.returncode == 1
    unknown, too_long = done.stderr.strip().splitlines()
    assert unknown.endswith("there is no such switch; did you mean damage_cap_mode?")
    assert too_long.endswith("expected at least 24 and at most 168 hours")


def test_a_wrong_policy_stops_a_command_in_one_line(
    tmp_path: Path, orders: Path
) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("auto_response = 1\n")

    done = quoted(tmp_path, orders, "--type", "damage", CLAIMS_POLICY=str(path))

    assert done.returncode == 2
    assert "auto_response: expected true or false" in one_line(done)
