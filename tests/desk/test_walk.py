"""What the README promises of `make demo`: a newcomer's first minute at the desk."""

from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.desk.walking import WORDS, a_demo, walk


@pytest.mark.timeout(400)
def test_a_newcomer_answers_a_claim_and_requeues_a_dead_letter(
    tmp_path: Path, page: Page
) -> None:
    folder = tmp_path / "demo"
    seen: list[str] = []

    with a_demo(folder) as address:
        walk(page, address, seen.append)
        texts = [text_of(path) for path in sorted((folder / "replies").iterdir())]

    assert sum(WORDS in text for text in texts) == 1
    assert seen == ["sign-in", "claims", "claim", "reply", "operations", "dead-letters"]


def text_of(path: Path) -> str:
    """The plain text of an e-mail, with its lines joined."""
    mail = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
    body = mail.get_body(("plain",))
    return "" if body is None else " ".join(body.get_content().split())
