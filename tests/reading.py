"""The worker's own inspection over labelled mails, and how good each answer was."""

import email
import email.policy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from tests.builders_mail import CLAIMS, OUR_MX
from tests.fixtures.mail.label import Case, Label, Score
from worker.domain.documents import DocumentKind
from worker.inspection import Inspected, inspector, to_dict
from worker.settings import Settings

ROWS = ("fate", "order", "type", "state", "D1", "D2", "D3", "D4", "e-mails")
_ANSWERS_TO_STRANGERS = frozenset({"confirm_identity", "cannot_match"})


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer to one mail: a row of the table, its score, and in what it differs."""

    case: Case
    mail: int
    row: str
    score: Score
    got: str = ""
    wanted: str = ""


def read(
    cases: Sequence[Case], *, progress: Callable[[int], None] = lambda _: None
) -> Iterator[Judged]:
    """Run all cases as one mailbox and yield each judged answer.

    The cases' orders make up the directory; `progress` hears how many mails are done.
    """
    orders = [order for case in cases for order in case.orders]
    done = 0
    with inspector(_settings(), orders=orders, given_at=None) as desk:
        for case in cases:
            for number, one in enumerate(case.mails, 1):
                found = desk.inspect(Path(f"{case.name}/{number:02}.eml"), one.raw)
                for row, score, got, wanted in _judge(found, one.label):
                    yield Judged(case, number, row, score, got, wanted)
                done += 1
                progress(done)


_Answer = tuple[str, Score, str, str]


def _judge(found: Inspected, label: Label) -> Iterator[_Answer]:
    got = to_dict(found)
    fate = got["fate"]
    yield "fate", label.fate.score(fate), fate, _words(label.fate.right)
    if label.claim_type is not None:
        kind = got["claim_type"] or "none"
        yield _plain("type", kind, frozenset({label.claim_type}))
    if label.order_number is not None:
        yield _order(got["order_number"], label.order_number)
    if label.states is not None:
        yield _plain("state", got["state"] or "none", label.states)
    for kind, wanted in label.documents.items():
        said = got["documents"].get(DocumentKind(kind).value, {})
        verdict = said.get("verdict", "none")
        why = f" {said['why']}" if said.get("why") else ""
        detail = f"{verdict}{why} ({said.get('evidence', '')})"
        yield kind, wanted.score(verdict), detail, _words(wanted.right)
    yield from _judge_emails(found, label)


def _judge_emails(found: Inspected, label: Label) -> Iterator[_Answer]:
    sent = frozenset((e["kind"], e["to"]) for e in found.emails)
    said = _words(f"{kind} to {to}" for kind, to in sent)
    wanted = label.emails
    asked = "anything" if wanted is None else _words(f"{k} to {t}" for k, t in wanted)
    if sent and not label.may_be_told:
        yield "e-mails", Score.HARMFUL, said, "none"
        return
    if label.stranger is not None:
        told = _told(found, label)
        if told:
            yield "e-mails", Score.HARMFUL, told, asked
            return
    if wanted is not None:
        score = Score.RIGHT if sent == wanted else Score.HARMLESS
        yield "e-mails", score, said, asked


def _told(found: Inspected, label: Label) -> str:
    """Return what a stranger was told that is none of a stranger's business."""
    for one, raw in zip(found.emails, found.email_bytes, strict=True):
        if one["to"] != label.stranger:
            continue
        if one["kind"] not in _ANSWERS_TO_STRANGERS:
            return f"{one['kind']} to a stranger"
        words = _text_of(raw)
        leaked = [secret for secret in label.secrets if secret in words]
        if leaked:
            return f"a stranger was told {len(leaked)} facts"
    return ""


def _text_of(raw: bytes) -> str:
    mail = email.message_from_bytes(raw, EmailMessage, policy=email.policy.default)
    parts = (p for p in mail.walk() if p.get_content_maintype() == "text")
    return "\n".join([str(mail["Subject"]), *(p.get_content() for p in parts)])


def _plain(row: str, got: str, right: frozenset[str]) -> _Answer:
    score = Score.RIGHT if got in right else Score.HARMLESS
    return row, score, got, _words(right)


def _order(got: str | None, wanted: str) -> _Answer:
    if got is None:
        return "order", Score.HARMLESS, "none", wanted
    score = Score.RIGHT if got == wanted else Score.HARMFUL
    return "order", score, got, wanted


def _words(values: Iterator[str] | frozenset[str]) -> str:
    return " or ".join(sorted(values)) or "none"


def _settings() -> Settings:
    return Settings(
        _env_file=None,
        CLAIMS_FROM=CLAIMS,
        trusted_mx=(OUR_MX,),
        trusted_authserv=(OUR_MX,),
    )
