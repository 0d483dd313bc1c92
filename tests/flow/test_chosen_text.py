"""No text that an unproven sender chose is in any automatic e-mail."""

import itertools
import quopri
import re
from collections.abc import Iterable, Iterator
from email.header import Header, decode_header, make_header
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.builders import a_member, a_package, an_order
from tests.builders_mail import a_file, claim_files, make_claim_mail
from tests.office import Office, an_office
from worker.adapters.mime import parse
from worker.adapters.render import JinjaRenderer
from worker.adapters.resources import folder
from worker.adapters.store.outbox import Email
from worker.domain.identity import SenderTier
from worker.domain.orders import Order
from worker.samples import every_reply

EXAMPLES = 15
LENGTH = 4
"""A shorter piece of a text may stand anywhere by chance."""
PARTS = ("name", "subject", "body", "file", "header")
OUR_HEADERS = (
    "From: Claims <claims@logistics.example> Auto-Submitted: auto-replied"
    " auto-generated X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply"
    " X-Claims-Mailer: claims-worker Content-Language: en MIME-Version: 1.0 Subject: "
    " Content-Type: text/html; charset=utf-8 Content-Transfer-Encoding:"
    " quoted-printable base64"
)
UNPROVEN = ("on file, not authenticated", "a stranger", "nobody proves anything")

_lines = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")),
    min_size=LENGTH,
    max_size=60,
) | st.sampled_from(
    [
        "Visit https://win.test/now",
        "<b>Dear Victim</b><img src=x>",
        "{{ 7*7 }}{% raw %}",
        "%s%n${jndi:ldap://evil.test}",
        'x" onload="alert(1)',
        "Bcc: all@evil.test",
        "=?utf-8?q?zigzag=20vexing?=",
        "\u202egnp.exe call +1 900 555 0199",
        "M900001/ORD-20261104-ZZZZ/Claim",
    ]
)
_mails = st.fixed_dictionaries(
    {
        "who": st.sampled_from(UNPROVEN),
        "names_ids": st.booleans(),
        "is_complete": st.booleans(),
        "name": _lines,
        "subject": _lines,
        "body": _lines,
        "file": _lines,
        "header": _lines,
    }
)
_counter = itertools.count(1)
PLAIN = {
    "who": UNPROVEN[0],
    "names_ids": True,
    "is_complete": False,
    **dict.fromkeys(("name", "subject", "body", "file", "header"), "zigzag vexing"),
}
"""On file, and with documents missing: it is answered, and reminded later."""


def encoded(text: str) -> str:
    return Header(text, "utf-8", maxlinelen=10_000).encode()


def written(number: int, mail: dict[str, Any]) -> bytes:
    """The mail of one example, about an order of its own."""
    address = {
        UNPROVEN[0]: f"member{number}@file.example",
        UNPROVEN[1]: f"stranger{number}@else.example",
        UNPROVEN[2]: f"ghost{number}@nowhere.example",
    }[mail["who"]]
    is_proven_domain = mail["who"] == UNPROVEN[1]
    ids = f"M7{number:05}+ORD-20270101-{number:04}+Claim "
    name = re.sub(r'["\r\n\\;]', "_", mail["file"])
    files = claim_files(f"ORD-20270101-{number:04}")[: 4 if mail["is_complete"] else 1]
    return make_claim_mail(
        sender=f"{encoded(mail['name'])} <{address}>",
        subject=encoded((ids if mail["names_ids"] else "") + mail["subject"]),
        text=f"{mail['body']}\n\nThe cup is broken.\n{mail['body']}",
        files=[*files, a_file(f"%PDF-{number}".encode(), f"{name}.pdf")],
        authentication="dmarc=pass header.from={domain}" if is_proven_domain else None,
        headers=[
            (header, encoded(mail["header"]))
            for header in ("Reply-To", "X-Mailer", "Thread-Topic", "Comments")
        ],
    )


def said(email: Email) -> str:
    """What its recipient can see of it: headers but for our own ids, text, HTML.

    The id of the mail that is answered stays in In-Reply-To and References (RFC 5322
    §3.6.4), which no program shows.
    """
    if not email.raw:
        return ""
    top, _, rest = email.raw.partition(b"\r\n\r\n")
    unfolded = re.sub(r"\r\n[ \t]+", " ", top.decode("ascii")).splitlines()
    ours = ("Message-ID:", "In-Reply-To:", "References:", "To:", "Date:", "Content-T")
    headers = "\n".join(
        str(make_header(decode_header(line)))
        for line in unfolded
        if not line.startswith(ours)
    )
    html = unescape(quopri.decodestring(rest).decode("utf-8", "replace"))
    return f"{headers}\n{parse(email.raw).text}\n{html}"


def pieces_of(text: str) -> set[str]:
    """Every run of four characters, spaces made one."""
    plain = " ".join(text.split()).casefold()
    return {plain[at : at + LENGTH] for at in range(len(plain) - LENGTH + 1)}


def vocabulary() -> set[str]:
    """What our own templates can say, to anybody."""
    renderer = JinjaRenderer(folder("templates") / "emails")
    known = pieces_of(OUR_HEADERS)
    for tier in SenderTier:
        for replies in every_reply(tier).values():
            for reply in replies:
                mail = renderer.render(reply.kind, reply.facts, locale=reply.locale)
                for part in (mail.subject, mail.text, mail.html, unescape(mail.html)):
                    known |= pieces_of(part)
    for source in (folder("templates") / "emails").rglob("*"):
        if source.is_file():
            known |= pieces_of(source.read_text(encoding="utf-8"))
    return known


OUR_WORDS = vocabulary()


def echoed(mail: dict[str, Any], number: int, texts: Iterable[str]) -> set[str]:
    """What of the sender's own text stands in the e-mails."""
    order = f"ord-20270101-{number:04}"
    ids = pieces_of(f"m7{number:05}+{order}+claim m7{number:05} {order}, {order}.")
    chosen: set[str] = set()
    for part in PARTS:
        chosen |= pieces_of(mail[part])
    told: set[str] = set()
    for text in texts:
        told |= pieces_of(text)
    dates = {piece for piece in told if re.fullmatch(r"[\d :,.#-]+", piece)}
    return (chosen & told) - OUR_WORDS - ids - dates


def directory() -> list[Order]:
    return [
        an_order(
            f"ORD-20270101-{number:04}",
            member=a_member(
                f"M7{number:05}", addresses=(f"member{number}@file.example",)
            ),
            packages=(a_package(tracking_number=f"TRK{number}"),),
        )
        for number in range(1, 100)
    ]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    limits: dict[str, object] = {"answers_per_address": 10_000, "answers_per_hour": 0}
    with an_office(tmp_path / "office", *directory(), **limits) as office:
        yield office


@pytest.mark.slow
def test_no_text_chosen_by_an_unproven_sender_is_in_any_automatic_email(
    office: Office,
) -> None:
    """Nor in what goes out later: reminders, and responses that a clock makes due."""
    seen: list[tuple[int, dict[str, Any]]] = []
    kinds: set[str] = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_mails)
    @example(PLAIN)
    @example(PLAIN | {"who": UNPROVEN[1]})
    @example(PLAIN | {"who": UNPROVEN[1], "names_ids": False})
    def check(mail: dict[str, Any]) -> None:
        number, before = next(_counter), len(office.emails)
        office.deliver(written(number, mail))
        seen.append((number, mail))

        answers = office.emails[before:]
        kinds.update(email.kind for email in answers)
        assert echoed(mail, number, map(said, answers)) == set()

    check()
    answered = len(office.emails)
    claims = office.store.claims.listed(open_only=False, limit=1000)
    for at in sorted({claim.next_due_at for claim in claims if claim.next_due_at}):
        office.wait_until(at)
    later = office.emails[answered:]

    assert kinds >= {"received", "cannot_match", "confirm_identity", "identity_notice"}
    assert "documents_reminder" in {email.kind for email in later}
    texts = [said(email) for email in later]
    for number, mail in seen:
        assert echoed(mail, number, texts) == set()


def test_the_search_finds_an_echo() -> None:
    mail: dict[str, Any] = dict.fromkeys(PARTS, "quixotic zebra")

    assert "quix" in echoed(mail, 1, ["Dear Quixotic, hello."])
    assert echoed(mail, 1, ["Dear member, hello."]) == set()
