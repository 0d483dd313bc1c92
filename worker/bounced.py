"""Which e-mail of ours a bounce is about, and how far it is to be believed."""

from dataclasses import dataclass

from worker.domain.mail import FAILED, Mail
from worker.domain.reply import is_issued
from worker.ports import Lookups, SentEmail

MOST_THREAD_IDS = 20


@dataclass(frozen=True, slots=True)
class Bounced:
    """An e-mail of ours that did not arrive, by what a bounce says.

    Anyone can write a bounce, and the sender of a real one cannot be proven, so the
    proof is what it names: the Message-ID of the e-mail, which is signed with our
    secret and known to those alone who had the e-mail, its recipient and the servers
    on its way. So a stranger can undo nothing. A recipient who forges a bounce undoes
    the answer to their own claim only: its clock runs on and a person is told. And no
    bounce, true or forged, stops later mail to anybody.

    With `is_proven` false it only names an address that we wrote to, as where a relay
    gave the e-mail another id: a person is told, and nothing changes.

    Source: reliability.md 3.5.
    """

    email: SentEmail
    code: str
    is_proven: bool


def bounced_email(mail: Mail, known: Lookups, secret_key: bytes) -> Bounced | None:
    """Return the e-mail of ours that was not delivered, or None.

    A delay changes nothing. The e-mail is named by the headers that came back, by the
    report's own original id, or by the thread that the bounce answers.

    Source: RFC 3464 §2.2.1, §2.3.3.
    """
    failed = [one for one in mail.reports if one.action == FAILED]
    if not failed:
        return None
    named = [one.original_message_id for one in failed]
    ids = dict.fromkeys([*filter(None, named), *thread_of(mail)])
    ours = [one for one in ids if is_issued(one, secret_key)]
    email = known.email_of_messages(ours) if ours else None
    if email is not None:
        return Bounced(email, failed[0].status, is_proven=True)
    for report in failed:
        email = known.last_email_to(report.recipient)
        if email is not None:
            return Bounced(email, report.status, is_proven=False)
    return None


def thread_of(mail: Mail) -> tuple[str, ...]:
    """Return the Message-IDs that the mail answers, the nearest last."""
    return tuple(dict.fromkeys([*mail.references, *mail.in_reply_to]))[
        -MOST_THREAD_IDS:
    ]
