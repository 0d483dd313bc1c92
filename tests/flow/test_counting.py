"""Numbers with their nouns."""

import pytest

from worker.domain.counting import counted


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "0 mails"), (1, "1 mail"), (2, "2 mails"), (1200, "1,200 mails")],
)
def test_one_is_told_apart_from_many(number: int, told: str) -> None:
    assert counted(number, "mail") == told


def test_what_has_a_plural_of_its_own_says_it() -> None:
    assert counted(1, "reply is", "replies are") == "1 reply is"
    assert counted(2, "reply is", "replies are") == "2 replies are"
