"""Fault points: armed by a setting, counted over processes, nothing where unset."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.commands import claims_here, one_line
from worker import faults
from worker.domain.errors import SettingsInvalid
from worker.faults import Action, Fault, FaultRaised, Point, reach

PASSING = """
import os
from worker import faults
faults.arm_child(os.environ)
faults.reach(faults.Point.JOB_TAKEN)
print("alive")
"""


@pytest.fixture(autouse=True)
def _nothing_stays_armed() -> Iterator[None]:
    yield
    faults.disarm()


@pytest.fixture
def passes(tmp_path: Path) -> Path:
    return tmp_path / "faults"


def test_a_value_names_points_actions_and_passes() -> None:
    assert faults.parse("raw.named:kill@2, job.taken:slow") == {
        Point.RAW_NAMED: Fault(Action.KILL, 2),
        Point.JOB_TAKEN: Fault(Action.SLOW, None),
    }


def test_every_fault_of_a_value_is_named() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        faults.parse("nowhere:kill@1,job.taken:explode@1,job.taken,job.taken:kill@0")

    assert len(caught.value.faults) == 4


def test_a_process_with_a_wrong_value_does_not_start(tmp_path: Path) -> None:
    assert claims_here(tmp_path, "migrate").returncode == 0

    done = claims_here(tmp_path, "schedule", CLAIMS_FAULT="nowhere:kill")

    assert done.returncode == 2
    assert one_line(done) == "claims: CLAIMS_FAULT: no fault point in `nowhere:kill`"


@pytest.mark.parametrize("value", [None, "", " , "])
def test_where_nothing_is_asked_for_nothing_is_armed(
    passes: Path, value: str | None
) -> None:
    faults.arm(value, passes)

    reach(Point.JOB_TAKEN)

    assert not passes.exists()
    assert faults.for_child() == {}


def test_it_breaks_at_its_pass_and_at_no_other(passes: Path) -> None:
    faults.arm("job.taken:raise@2", passes)

    reach(Point.JOB_TAKEN)
    with pytest.raises(FaultRaised, match=r"job\.taken"):
        reach(Point.JOB_TAKEN)
    reach(Point.JOB_TAKEN)

    counts = faults.passes_in(passes)
    assert (counts[Point.JOB_TAKEN], counts[Point.JOB_HEARD]) == (3, 0)


def test_without_a_number_it_breaks_at_every_pass(passes: Path) -> None:
    faults.arm("job.taken:raise", passes)

    for _ in range(3):
        with pytest.raises(FaultRaised):
            reach(Point.JOB_TAKEN)


def test_a_point_that_is_not_declared_fails(passes: Path) -> None:
    faults.arm("job.taken:raise@1", passes)

    with pytest.raises(KeyError):
        reach("job.nowhere")  # type: ignore[arg-type]


def test_slow_takes_longer(passes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "SLOW_S", 0.2)
    faults.arm("job.taken:slow@1", passes)
    began = time.monotonic()

    reach(Point.JOB_TAKEN)

    assert time.monotonic() - began >= 0.2


def test_processes_that_share_a_data_folder_count_together(passes: Path) -> None:
    faults.arm("job.taken:kill@2", passes)
    environment = {**os.environ, **faults.for_child()}
    faults.disarm()

    ends = [_run(environment) for _ in range(3)]

    assert ends == [(0, "alive\n"), (-signal.SIGKILL, ""), (0, "alive\n")]


def test_a_process_that_hangs_stands_still_until_it_is_continued(passes: Path) -> None:
    faults.arm("job.taken:hang@1", passes)
    environment = {**os.environ, **faults.for_child()}
    faults.disarm()
    process = _start(environment)
    deadline = time.monotonic() + 60
    while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
        assert time.monotonic() < deadline
        time.sleep(0.05)  # noqa: TID251 - another process must come there

    process.send_signal(signal.SIGCONT)

    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "alive\n")


def _start(environment: dict[str, str]) -> "subprocess.Popen[str]":
    root = Path(faults.__file__).parents[1]
    return subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-c", PASSING],
        env={**environment, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )


def _run(environment: dict[str, str]) -> tuple[int, str]:
    process = _start(environment)
    out, _ = process.communicate(timeout=60)
    return process.returncode, out
