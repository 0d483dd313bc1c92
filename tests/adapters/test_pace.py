"""worker/adapters/pace.py: e-mails one after the other, whoever sends them."""

import threading

import pytest

from worker.adapters.pace import Pace


def test_places_are_evenly_apart_and_a_rest_is_not_made_up_for() -> None:
    pace = Pace(4)

    waits = [pace.take_place(now) for now in (100.0, 100.0, 100.0, 110.0, 110.0)]

    assert waits == [0, 0.25, 0.5, 0, 0.25]


def test_without_a_rate_nobody_waits() -> None:
    pace = Pace(None)

    assert [pace.take_place(100.0) for _ in range(1000)] == [0] * 1000


def test_several_threads_share_one_pace() -> None:
    pace = Pace(2)
    waits: list[float] = []
    threads = [
        threading.Thread(target=lambda: waits.append(pace.take_place(100.0)))
        for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(waits) == pytest.approx([number / 2 for number in range(8)])
