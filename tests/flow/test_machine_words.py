"""Machines without a telling header: known by their words, and people are not."""

import pytest

from tests.builders import (
    OUR_ADDRESS,
    SUBJECT,
    a_mail,
    a_picture,
    an_attachment,
)
from worker.domain.machines import detect
from worker.domain.mail import COMPLAINED, DeliveryReport, Fate, FileKind, Mail

OURS = frozenset({OUR_ADDRESS})

NOTICES = {
    "qmail": """Hi. This is the qmail-send program at mx.post.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<jo@post.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.
""",
    "qmail, other words": """We are sorry, this address is not in use here.

<jo@post.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.
""",
    "postfix": """This is the mail system at host mx.post.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.
""",
    "exim": """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  jo@post.example
    SMTP error from remote mail server after RCPT TO:<jo@post.example>:
    550 user unknown
""",
    "sendmail": """The original message was received at Wed, 18 Nov 2026 12:00:00 GMT
from localhost

   ----- The following addresses had permanent fatal errors -----
<jo@post.example>

   ----- Transcript of session follows -----
550 5.1.1 <jo@post.example>... User unknown
""",
    "exchange": """Your message

  To:      Jo Park
  Subject: Your claim
  Sent:    Wed, 18 Nov 2026 12:00:00 +0000

did not reach the following recipient(s):

Jo Park on Wed, 18 Nov 2026 12:00:03 +0000
""",
    "outlook": """Delivery has failed to these recipients or groups:

jo@post.example
The address could not be found.
""",
    "gmail": """Delivery to the following recipient failed permanently:

     jo@post.example
""",
    "yahoo": """Sorry, we were unable to deliver your message to the following address.

<jo@post.example>:
Remote host said: 552 5.2.2 Mailbox full
""",
    "imail": """Unknown user: jo@post.example

RCPT TO generated following response:
553 5.3.0 <jo@post.example>... Addressee unknown

Original message follows.
""",
    "gateway": """...
Sent <<< RCPT TO:<jo@post.example>
Received >>> 550 5.1.1 <jo@post.example>... user unknown
...
""",
    "opensmtpd": """    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this email.

    An error has occurred while attempting to deliver a message.
""",
    "warning": """Delivery of email to this address

"jo@post.example"

has been postponed due to a full mailbox.
""",
    "openwave": """This Message was undeliverable due to the following reason:

The user(s) account is temporarily over quota.

<jo@post.example>
""",
    "163": """无法投递到以下收件人
<jo@post.example>: 550 User not found
退信原因：收件人不存在
原邮件如下
""",
}


def fate(mail: Mail) -> Fate | None:
    return detect(mail, OURS).fate


@pytest.mark.parametrize("text", NOTICES.values(), ids=NOTICES)
def test_a_notice_of_a_mail_system_is_a_bounce_whoever_seems_to_send_it(
    text: str,
) -> None:
    assert fate(a_mail(text=text)) is Fate.BOUNCE


@pytest.mark.parametrize(
    "text",
    [
        "My parcel was not delivered and I have a copy of the message of the courier.",
        "The courier says: delivery failed, recipient unknown. Please help.",
        "I wrote to the shop and my mail came back: 550 5.1.1 user unknown.",
        "Your message did not reach me, so I write again. The box is crushed.",
        "The delivery to the following address has failed twice: Elm Street 4.",
        "Please deliver to the following address: Elm Street 4, Springfield.",
        (
            "Hello,\n\nI tried to send you the photographs last night from my other "
            "address and was told that my mailbox has a problem, then I got a text "
            "which I do not understand at all and which I copy here:\n\nThis is the "
            "mail system at host mx.post.example.\n\nYour message could not be "
            "delivered."
        ),
    ],
)
def test_a_person_may_tell_of_failures_and_quote_them(text: str) -> None:
    assert fate(a_mail(text=text)) is None


@pytest.mark.parametrize("text", NOTICES.values(), ids=NOTICES)
def test_a_notice_that_a_person_forwards_is_a_persons_mail(text: str) -> None:
    words = "This came back, where can I send the photographs?"
    mail = a_mail(text=f"{words}\n\n> {text}", own_text=words)

    assert fate(mail) is None


def test_a_mail_with_photographs_is_no_bounce_by_its_words() -> None:
    mail = a_mail(text=NOTICES["postfix"], attachments=(a_picture(),))

    assert fate(mail) is None


def test_sendmails_name_for_an_empty_return_path_is_an_empty_one() -> None:
    for path in ("<MAILER-DAEMON>", "MAILER-DAEMON@mx.post.example"):
        mail = a_mail(text="User's mailbox is full", headers={"return-path": path})
        assert not detect(mail, OURS).may_answer


@pytest.mark.parametrize(
    "subject",
    [
        "Kan ikke leveres: Claim",
        "Går inte att leverera: Claim",
        "Ei voitu toimittaa: Claim",
        "Nie można dostarczyć: Claim",
        "Nedoručitelné: Claim",
        "Kézbesíthetetlen: Claim",
        "Nelivrabil: Claim",
        "Μη παραδοτέο: Claim",
        "Не вдалося доставити: Claim",
        "Không thể gửi: Claim",
        "Tidak dapat terkirim: Claim",
        "ไม่สามารถส่งได้: Claim",
        "לא ניתן למסור: Claim",
    ],
)
def test_not_delivered_in_any_language_is_a_bounce_from_nobody_only(
    subject: str,
) -> None:
    from_nobody = a_mail(subject=subject, text="...", headers={"return-path": "<>"})

    assert fate(from_nobody) is Fate.BOUNCE
    assert fate(a_mail(subject=subject, text="My cup is broken.")) is None


def test_a_report_within_another_shape_is_a_bounce() -> None:
    formal = DeliveryReport("failed", "5.1.1", None, is_formal=True)
    rewrapped = 'multipart/mixed; report-type=delivery-status; boundary="b"'

    assert fate(a_mail(reports=(formal,))) is Fate.BOUNCE
    assert fate(a_mail(headers={"content-type": rewrapped})) is Fate.BOUNCE


def test_a_complaint_is_no_claim_and_no_bounce() -> None:
    told = DeliveryReport(COMPLAINED, "", None, is_formal=True)

    assert fate(a_mail(reports=(told,))) is Fate.NOT_A_CLAIM


# -- absences -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply is all I ever get from you",
        "Out of office hours delivery, box broken",
        "Automatische Antwort? Ich möchte einen Menschen",
        "Réponse automatique reçue, mais rien d'autre",
    ],
)
def test_a_person_may_begin_with_the_words_of_a_responder(subject: str) -> None:
    assert fate(a_mail(subject=subject)) is None


def test_a_responders_words_before_the_subject_of_a_claim_are_a_responders() -> None:
    subject = f"Automatic reply: {SUBJECT} [#CLM-000012]"

    assert fate(a_mail(subject=subject, text="...")) is Fate.AUTO_REPLY
    with_photo = a_mail(subject=subject, text="...", attachments=(a_picture(),))
    assert fate(with_photo) is None


def test_an_answer_that_calls_itself_automatic_is_automatic() -> None:
    text = (
        "I am out of the office until 5 January.\n\nNote: This is an automated "
        "response to your message sent on 18 November."
    )

    assert fate(a_mail(text=text)) is Fate.AUTO_REPLY
    assert fate(a_mail(text="I was out of the office, the box came.")) is None


def test_a_cloud_mailbox_names_its_vacation_in_a_header() -> None:
    mail = a_mail(headers={"x-apple-action": "VACATION"})

    assert fate(mail) is Fate.AUTO_REPLY


# -- lists, calendars ---------------------------------------------------------------


@pytest.mark.parametrize("name", ["x-mlserver", "x-ml-name", "x-mailman-version"])
def test_list_programs_are_known_by_their_own_headers(name: str) -> None:
    assert fate(a_mail(headers={name: "1.0"})) is Fate.NOT_A_CLAIM


def test_an_invitation_beside_words_is_no_claim_and_an_attached_event_is_a_file() -> (
    None
):
    invitation = an_attachment(
        "invite.ics", kind=FileKind.CALENDAR, text="BEGIN:VCALENDAR\nMETHOD:REQUEST\n"
    )
    event = an_attachment(
        "party.ics", kind=FileKind.CALENDAR, text="BEGIN:VCALENDAR\nVERSION:2.0\n"
    )

    invited = a_mail(subject="Team lunch", attachments=(invitation,))
    attached = a_mail(subject="My parcel", attachments=(event,))
    claimed = a_mail(subject=SUBJECT, attachments=(invitation,))

    assert fate(invited) is Fate.NOT_A_CLAIM
    assert fate(attached) is None
    assert fate(claimed) is None
