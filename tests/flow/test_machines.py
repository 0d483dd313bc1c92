"""Machines (RFC 3834, promise 7): the fate of what no person wrote, and silence."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import ADDRESS, OUR_ADDRESS, SUBJECT, a_mail, an_attachment
from worker.domain.machines import HEADERS, RULES, MachineVerdict, detect
from worker.domain.mail import DeliveryReport, Fate, FileKind, Mail

OURS = frozenset({OUR_ADDRESS})
PERSON = MachineVerdict(None, may_answer=True, signal="")
DAEMON = "mailer-daemon@mail.example"
FAILED = DeliveryReport("failed", "5.1.1", None)


def fate(mail: Mail) -> Fate | None:
    verdict = detect(mail, OURS)
    assert verdict.fate is None or not verdict.may_answer  # no machine is answered
    return verdict.fate


def is_silenced(mail: Mail) -> bool:
    """The mail is a person's, and still gets no automatic answer."""
    verdict = detect(mail, OURS)
    return verdict.fate is None and not verdict.may_answer


# -- people ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"auto-submitted": "no"},
        {"auto-submitted": "No; reason=typed"},
        {"return-path": f"<{ADDRESS}>"},
        {"precedence": "first-class"},
        {"x-auto-response-suppress": "DR, OOF"},
        {"x-autoreply": "no"},
        {"x-spam-flag": "NO", "x-spam-status": "No, score=-1"},
    ],
    ids=str,
)
def test_a_persons_mail_stays_a_persons(headers: Mapping[str, str]) -> None:
    assert detect(a_mail(headers=headers), OURS) == PERSON


def test_S6_auto_submitted_no_is_a_person() -> None:
    assert detect(a_mail(headers={"auto-submitted": "no"}), OURS) == PERSON


@pytest.mark.parametrize(
    "subject",
    [
        "My parcel is undeliverable, they say",
        "Undelivered parcel M1 ORD-1",
        "Delivery failed! Where is my package?",
        "Re: Automatic reply: your claim",
        "Nobody was in the office to answer",
        "Paket unzustellbar",
        "No reply to my claim",
    ],
)
def test_a_person_may_write_about_failed_deliveries(subject: str) -> None:
    assert fate(a_mail(subject=subject)) is None


# -- our own mail -----------------------------------------------------------------


@pytest.mark.parametrize(
    "mail",
    [
        a_mail(from_address=OUR_ADDRESS),
        a_mail(from_address="claims+token@logistics.example"),
        a_mail(headers={"x-claims-mailer": "main"}),
        a_mail(headers={"x-loop": f"<{OUR_ADDRESS}>"}),
    ],
    ids=["address", "plus-address", "marker", "loop"],
)
def test_S7_our_own_mail_opens_no_claim(mail: Mail) -> None:
    assert fate(mail) is Fate.NOT_A_CLAIM


def test_S7_a_message_id_that_we_issued_is_our_own_mail() -> None:
    verdict = detect(a_mail(), OURS, is_own_message_id=True)

    assert verdict.fate is Fate.NOT_A_CLAIM


def test_our_own_automatic_mail_is_ours_before_it_is_automatic() -> None:
    mail = a_mail(from_address=OUR_ADDRESS, headers={"auto-submitted": "auto-replied"})

    assert fate(mail) is Fate.NOT_A_CLAIM


# -- bounces ----------------------------------------------------------------------


def a_report(kind: str, **headers: str) -> Mail:
    declared = f'multipart/report; report-type={kind}; boundary="b"'
    return a_mail(
        content_type="multipart/report", headers={"content-type": declared, **headers}
    )


@pytest.mark.parametrize(
    "mail",
    [
        a_report("delivery-status", **{"auto-submitted": "auto-replied"}),
        a_report('"delivery-status"'),
        a_mail(content_type="multipart/report", reports=(FAILED,)),
        a_mail(from_address=DAEMON, reports=(FAILED,)),
        a_mail(headers={"return-path": "<>"}, reports=(FAILED,)),
        a_mail(headers={"x-failed-recipients": ADDRESS}),
        a_mail(subject="Undelivered Mail Returned to Sender"),
        a_mail(subject="Mail delivery failed: returning message to sender"),
        a_mail(subject="failure notice"),
        a_mail(
            subject=f"Undeliverable: {SUBJECT}", from_address="postmaster@x.example"
        ),
        a_mail(subject=f"Unzustellbar: {SUBJECT}", headers={"return-path": "<>"}),
        a_mail(subject=f"Non remis : {SUBJECT}", headers={"return-path": "<>"}),
        a_mail(subject="退信: 理赔", from_address=DAEMON),
        a_mail(
            subject="Hello",
            from_address=DAEMON,
            text="550 5.1.1 user unknown",
        ),
    ],
)
def test_S1_bounces_of_every_kind_are_bounces(mail: Mail) -> None:
    assert fate(mail) is Fate.BOUNCE


# -- responders -------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"auto-submitted": "auto-replied"},
        {"auto-submitted": "Auto-Replied (vacation); x=y"},
        {"auto-submitted": "auto-generated"},
        {"auto-submitted": "auto-notified"},
        {"auto-submitted": ("no", "auto-replied")},
        {"auto-submitted": "auto-replied", "precedence": "bulk"},
        {"precedence": "auto_reply"},
        {"x-precedence": "auto-reply"},
        {"x-autoreply": "yes"},
        {"x-autorespond": "Away"},
        {"x-mail-autoreply": "yes"},
        {"x-post-messageclass": "9; Autoresponder"},
        {"delivered-to": "Autoresponder"},
        {"x-fc-machinegenerated": "true"},
        {"return-path": "<>"},
        {"return-path": "< >"},
        {"return-path": ""},
    ],
    ids=str,
)
def test_automatic_mail_is_filed_and_never_answered(
    headers: Mapping[str, str | tuple[str, ...]],
) -> None:
    assert fate(a_mail(headers=headers)) is Fate.AUTO_REPLY


@pytest.mark.parametrize(
    "subject",
    [
        f"Automatic reply: {SUBJECT}",
        "Out of Office: your claim",
        "Lena Hoffmann is out of the office",
        f"Automatische Antwort: {SUBJECT}",
        "Abwesenheitsnotiz",
        "Réponse automatique : demande",
        "Respuesta automática: reclamación",
        "Risposta automatica: reclamo",
        "Automatisch antwoord: claim",
        "Resposta automática: pedido",
        "Autosvar: krav",
        "Odpowiedź automatyczna: reklamacja",
        "Автоответ: претензия",
        "自动回复: 理赔",
        "自動返信：クレーム",
        "자동 회신: 클레임",
    ],
)
def test_S2_out_of_office_is_known_by_its_subject_and_one_more_sign(
    subject: str,
) -> None:
    sign = {"x-auto-response-suppress": "DR, OOF"}
    bulk = {"precedence": "bulk"}

    assert fate(a_mail(subject=subject, in_reply_to=("<a@x>",))) is Fate.AUTO_REPLY
    assert fate(a_mail(subject=subject, headers=sign)) is Fate.AUTO_REPLY
    assert fate(a_mail(subject=subject, headers=bulk)) is Fate.AUTO_REPLY
    assert fate(a_mail(subject=subject, text="Back on Monday.")) is Fate.AUTO_REPLY


def test_a_receipt_that_a_mail_was_read_is_automatic() -> None:
    assert fate(a_report("disposition-notification")) is Fate.AUTO_REPLY


def test_a_complaint_report_is_no_claim() -> None:
    assert fate(a_report("feedback-report")) is Fate.NOT_A_CLAIM


# -- lists and senders --------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"list-id": "<deals.deals.example>"},
        {"list-unsubscribe": f"<https://x.example/?u={OUR_ADDRESS}>"},
        {"mailing-list": "list x@y.example"},
        {"x-beenthere": "x@y.example"},
        {"precedence": "bulk"},
        {"precedence": "Junk"},
        {"list-id": "<a.b.example>", "auto-submitted": "auto-generated"},
    ],
    ids=str,
)
def test_lists_and_newsletters_are_no_claims(headers: Mapping[str, str]) -> None:
    assert fate(a_mail(headers=headers)) is Fate.NOT_A_CLAIM


@pytest.mark.parametrize(
    "headers",
    [
        {"list-id": "<claims.logistics.example>", "precedence": "list"},
        {"list-post": f"<mailto:{OUR_ADDRESS}>", "list-unsubscribe": "<mailto:u@x>"},
        {"x-beenthere": OUR_ADDRESS, "list-id": "Claims <claims.logistics.example>"},
    ],
    ids=str,
)
def test_a_group_that_is_our_own_address_hides_nobody(
    headers: Mapping[str, str],
) -> None:
    assert detect(a_mail(headers=headers), OURS) == PERSON


@pytest.mark.parametrize(
    "address",
    [
        "no-reply@shop.example",
        "noreply@shop.example",
        "do_not_reply@shop.example",
        "noreply-orders@shop.example",
        "shop-noreply@shop.example",
        "ne-pas-repondre@shop.example",
        "nicht-antworten@shop.example",
        "bounces+1@list.example",
        "owner-list@list.example",
        "list-request@list.example",
        "mailer-daemon@mail.example",
        "postmaster@mail.example",
        "root@server.example",
    ],
)
def test_senders_that_read_no_answers_get_none(address: str) -> None:
    about_a_claim = a_mail(from_address=address)
    other = a_mail(from_address=address, subject="Your weekly report", text="Hello.")

    assert fate(other) is Fate.AUTO_REPLY
    assert is_silenced(about_a_claim)


@pytest.mark.parametrize("address", ["norepa@x.example", "rooty@x.example", ADDRESS])
def test_senders_with_similar_names_are_people(address: str) -> None:
    assert detect(a_mail(from_address=address), OURS) == PERSON


def test_an_invitation_is_no_claim() -> None:
    assert fate(a_mail(content_type="text/calendar")) is Fate.NOT_A_CLAIM
    outlook = {"content-class": "urn:content-classes:calendarmessage"}
    assert fate(a_mail(headers=outlook)) is Fate.NOT_A_CLAIM


@pytest.mark.parametrize("method", ["REQUEST", "REPLY", "CANCEL"])
def test_an_invitation_beside_its_words_is_no_claim(method: str) -> None:
    text = f"BEGIN:VCALENDAR\nMETHOD:{method}\nEND:VCALENDAR"
    calendar = an_attachment("", kind=FileKind.CALENDAR, text=text)

    assert (
        fate(a_mail(subject="Invitation: lunch", attachments=(calendar, calendar)))
        is Fate.NOT_A_CLAIM
    )


def test_an_appointment_sent_with_a_claim_leaves_it_a_claim() -> None:
    published = "BEGIN:VCALENDAR\nMETHOD:PUBLISH\nEND:VCALENDAR"
    saved = an_attachment("delivery.ics", kind=FileKind.CALENDAR, text=published)
    invited = an_attachment("", kind=FileKind.CALENDAR, text="METHOD:REQUEST")

    assert fate(a_mail(attachments=(saved,))) is None
    assert fate(a_mail(attachments=(invited, an_attachment()))) is None


@pytest.mark.parametrize(
    "mail",
    [
        a_mail(headers={"x-spam-flag": "YES"}),
        a_mail(headers={"x-spam-status": "Yes, score=9"}),
        a_mail(headers={"x-auto-response-suppress": "All"}),
        a_mail(headers={"x-auto-response-suppress": "DR, OOF, AutoReply"}),
        a_mail(headers={"feedback-id": "1:campaign:ses"}),
        a_mail(from_addresses=()),
    ],
    ids=["spam flag", "spam status", "suppress", "suppress too", "feedback", "nobody"],
)
def test_some_mails_are_taken_as_claims_and_not_answered(mail: Mail) -> None:
    assert is_silenced(mail)


# -- the table ----------------------------------------------------------------------


def test_every_rule_is_asked_under_a_name_of_its_own() -> None:
    names = [name for name, _ in RULES]

    assert len(names) == len(set(names))


@given(
    st.text(),
    st.text(),
    st.dictionaries(st.sampled_from(sorted(HEADERS)), st.text(), max_size=4),
)
def test_no_mail_raises(subject: str, text: str, headers: dict[str, str]) -> None:
    verdict = detect(a_mail(subject=subject, text=text, headers=headers), OURS)

    assert verdict.fate is None or not verdict.may_answer
