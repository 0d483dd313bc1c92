"""`claims token`: made, shown once, listed, revoked."""

from pathlib import Path

from tests.commands import claims_here


def test_a_token_is_made_listed_without_its_secret_and_revoked(tmp_path: Path) -> None:
    none_yet = claims_here(tmp_path, "token", "list")
    made = claims_here(tmp_path, "token", "add", "warehouse")
    again = claims_here(tmp_path, "token", "add", "warehouse")
    listed = claims_here(tmp_path, "token", "list")
    revoked = claims_here(tmp_path, "token", "revoke", "warehouse")
    unknown = claims_here(tmp_path, "token", "revoke", "nobody")
    at_last = claims_here(tmp_path, "token", "list")

    assert "claims token add" in none_yet.stdout
    assert made.stdout.startswith("claims_")
    assert len(made.stdout.split()) == 1
    assert again.returncode == 1
    assert "warehouse already" in again.stderr
    assert "works" in listed.stdout
    assert made.stdout.strip() not in listed.stdout
    assert revoked.returncode == 0
    assert "there is no token nobody" in unknown.stderr
    assert "revoked" in at_last.stdout


def test_a_token_for_points_is_listed_as_one(tmp_path: Path) -> None:
    claims_here(tmp_path, "token", "add", "shop", "--points")
    claims_here(tmp_path, "token", "add", "warehouse")

    listed = claims_here(tmp_path, "token", "list").stdout

    rows = {line.split()[1]: line.split()[3] for line in listed.splitlines()[3:5]}
    assert rows == {"shop": "points", "warehouse": "read"}
