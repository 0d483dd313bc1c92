"""The hooks of conftest.py, on runs of their own in a temporary folder."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.services  # each starts a pytest

REPOSITORY = Path(__file__).resolve().parents[2]
USES_AN_ABSENT_SERVER = """
import pytest
from tests.conftest import running
from tests.adapters.test_services import Absent

@pytest.fixture
def absent():
    with running(Absent()) as server:
        yield server

def test_absent(absent):
    pass
"""
SKIPS = """
import pytest

def test_passed():
    pass

def test_skipped():
    pytest.skip("for no reason")
"""
ASKS_FOR_SERVERS = """
def test_server(redis):
    pass

def test_database(database_url):
    pass
"""


def test_missing_server_skips(tmp_path: Path) -> None:
    done = _run_pytest(tmp_path, USES_AN_ABSENT_SERVER, ci=False)

    assert "1 skipped" in done.stdout
    assert done.returncode == 0


def test_missing_server_fails_in_ci(tmp_path: Path) -> None:
    done = _run_pytest(tmp_path, USES_AN_ABSENT_SERVER, ci=True)

    assert "1 error" in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize("more", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_any_skip_fails_the_run_in_ci(tmp_path: Path, more: list[str]) -> None:
    done = _run_pytest(tmp_path, SKIPS, *more, ci=True)

    assert "test_it.py::test_skipped" in done.stdout.split("fails with CI=true")[1]
    assert "1 passed, 1 skipped" in done.stdout.splitlines()[-1]
    assert done.returncode == 1


def test_asking_for_a_server_marks_the_test(tmp_path: Path) -> None:
    only_collect = ["--collect-only", "-q", "-m", "not services"]
    done = _run_pytest(tmp_path, ASKS_FOR_SERVERS, *only_collect, ci=False)

    assert done.stdout.splitlines()[0] == "test_it.py::test_database[sqlite]"
    assert "1/3 tests collected (2 deselected)" in done.stdout


def test_home_and_settings_are_the_tests_own(tmp_path: Path) -> None:
    assert Path.home().parent == tmp_path.parent
    assert Path(tempfile.gettempdir()) == Path.home() / "tmp"
    assert not list(tmp_path.iterdir())
    ours = [name for name in os.environ if name.startswith("CLAIMS_")]
    assert ours == ["CLAIMS_DESK_BIND"]  # off, as no test wants its port


def _run_pytest(
    folder: Path, test: str, *more: str, ci: bool
) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(test)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = services\n")
    environment = {name: os.environ[name] for name in ("PATH", "HOME")}
    environment |= {"PYTHONPATH": str(REPOSITORY), "CI": str(ci).lower()}
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", *more]
    return subprocess.run(  # noqa: S603 - our own command
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
    )
