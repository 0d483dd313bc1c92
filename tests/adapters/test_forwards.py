import pytest

from tests.builders_mail import (
    FORWARDS,
    ORDER_SUBJECT,
    ORDER_TEXT,
    WORDS,
    make_claim_mail,
    with_forward,
)
from worker.adapters import mime
from worker.adapters.reading import forwards
from worker.domain.mail import FileKind

REPLIES = {
    "gmail": "On Wed, 18 Nov 2026 at 20:10, Claims <claims@logistics.example> wrote:",
    "gmail-wrapped": "On Wed, 18 Nov 2026 at 20:10, Claims\n<claims@logistics.example>"
    " wrote:",
    "german": "Am Mi., 18. Nov. 2026 um 20:10 Uhr schrieb Claims <c@l.example>:",
    "german-apple": "Am 18.11.2026 um 20:10 schrieb Claims <c@l.example>:",
    "french": "Le mer. 18 nov. 2026 à 20:10, Claims <c@l.example> a écrit :",
    "spanish": "El mié, 18 nov 2026 a las 20:10, Claims (<c@l.example>) escribió:",
    "italian": "Il giorno mer 18 nov 2026 alle ore 20:10 <c@l.example> ha scritto:",
    "dutch": "Op wo 18 nov 2026 om 20:10 schreef Claims <c@l.example>:",
    "portuguese": "Em qua., 18 de nov. de 2026 às 20:10, <c@l.example> escreveu:",
    "swedish": "Den ons 18 nov. 2026 kl 20:10 skrev Claims <c@l.example>:",
    "chinese": "在 2026年11月18日 20:10，Claims <c@l.example> 写道：",
    "japanese": "2026年11月18日(水) 20:10 Claims <c@l.example>のメール:",
}


@pytest.mark.parametrize("style", FORWARDS)
def test_an_inline_forward_is_a_mail_of_its_own(style: str) -> None:
    mail = mime.parse(make_claim_mail(text=with_forward(style), files=[]))

    assert len(mail.attachments) == 1
    found = mail.attachments[0]
    assert (found.path, found.kind, found.inside) == ("body", FileKind.MAIL, None)
    assert found.mail_subject == ORDER_SUBJECT
    assert "orders@harbourlane.example" in found.mail_from
    assert "2026" in found.mail_date
    assert found.text == ORDER_TEXT
    assert mail.own_text == WORDS
    assert ORDER_TEXT in mail.text


def test_a_forward_that_is_quoted_is_read_without_its_marks() -> None:
    quoted = "\n".join(f"> {line}" for line in with_forward("apple").split("\n"))

    found = forwards.split(f"Here it is.\n\n{quoted}")

    assert found.own_text == "Here it is."
    assert found.forwards[0].subject == ORDER_SUBJECT
    assert found.forwards[0].text == ORDER_TEXT


def test_a_forward_of_a_forward_gives_two() -> None:
    inner = with_forward("outlook", words="Please keep this.")

    found = forwards.split(with_forward("gmail", forwarded=inner))

    assert [f.text for f in found.forwards] == [
        f"Please keep this.\n\n{'_' * 32}",
        ORDER_TEXT,
    ]


def test_a_line_that_closes_a_header_block_begins_no_other_mail() -> None:
    rule = "============ Forwarded message ============"
    head = f"From: Shop <o@s.example>\nSubject: {ORDER_SUBJECT}\nDate: 4 Nov 2026"

    found = forwards.split(f"It broke.\n\n{rule}\n{head}\n{rule}\n\n{ORDER_TEXT}")

    assert [(f.subject, f.text) for f in found.forwards] == [
        (ORDER_SUBJECT, ORDER_TEXT)
    ]


def test_a_body_that_is_only_a_forward_has_no_own_text() -> None:
    assert forwards.split(with_forward("gmail", words="")).own_text == ""


def test_an_html_table_of_labels_is_a_forward() -> None:
    rows = (
        ("From:", "Shop &lt;o@s.example&gt;"),
        ("Sent:", "Wed 4 Nov 2026"),
        ("Subject:", "Your order"),
    )
    table = "".join(f"<tr><td><b>{a}</b></td><td>{b}</td></tr>" for a, b in rows)
    html = f"<p>see below</p><table>{table}</table><p>Thank you.</p>"

    mail = mime.parse(make_claim_mail(text="", html=html, files=[]))

    assert mail.own_text == "see below"
    assert mail.attachments[0].mail_subject == "Your order"
    assert mail.attachments[0].mail_from == "Shop <o@s.example>"
    assert mail.attachments[0].text == "Thank you."


@pytest.mark.parametrize("line", REPLIES.values(), ids=REPLIES)
@pytest.mark.parametrize("mark", ["> ", ""], ids=["quoted", "bare"])
def test_words_of_a_quoted_mail_are_not_the_members_own(line: str, mark: str) -> None:
    text = f"Thank you.\n\n{line}\n\n{mark}We have received your claim.\n{mark}Bye"

    found = forwards.split(text, ("claims@logistics.example", "c+abc123@l.example"))

    assert found.own_text == "Thank you."
    assert found.forwards == ()


@pytest.mark.parametrize("line", REPLIES.values(), ids=REPLIES)
@pytest.mark.parametrize("mark", ["> ", ""], ids=["quoted", "bare"])
def test_a_quoted_mail_of_somebody_else_is_passed_on(line: str, mark: str) -> None:
    line = line.replace("claims@logistics", "c@l").replace("c@l", "orders@shop")
    text = f"It broke.\n\n{line}\n\n{mark}Thank you for your order.\n{mark}Lamp $9.00"

    found = forwards.split(text, ("claims@logistics.example",))

    assert found.own_text == "It broke."
    assert [(one.sender, one.text) for one in found.forwards] == [
        ("orders@shop.example", "Thank you for your order.\nLamp $9.00")
    ]


def test_no_more_mails_than_the_most_are_taken_from_one_body() -> None:
    quoted = "".join(
        f"On {day} Nov 2026, Shop <orders@shop.example> wrote:\n> Order {day}\n\nYes.\n"
        for day in range(1, 13)
    )
    head = "From: Shop <o@s.example>\nSubject: Order\nDate: 4 Nov 2026\n\nLamp\n\n"

    found = forwards.split(quoted + head * 12)

    assert len(found.forwards) == forwards.MAX_FORWARDS


def test_the_senders_own_mail_quoted_is_not_passed_on() -> None:
    line = "On 18 Nov 2026, Lena <lena.hoffmann@mail.example> wrote:"
    text = f"Thanks\n\n{line}\n> My vase broke"

    mail = mime.parse(make_claim_mail(text=text, files=[]))

    assert mail.own_text == "Thanks"
    assert mail.attachments == ()


def test_the_words_below_a_quoted_mail_are_none_of_it() -> None:
    text = (
        "On 4 Nov 2026, Shop <orders@shop.example> wrote:\n> Order 1\n>\n\n> Lamp\n"
        "\nIt broke."
    )

    found = forwards.split(text)

    assert found.own_text == "It broke."
    assert [one.text for one in found.forwards] == ["Order 1\n\n\nLamp"]


def test_an_answer_line_by_line_is_the_members_own() -> None:
    text = (
        "Hello,\n\nOn 18 Nov 2026, Claims <c@l.example> wrote:\n> Which parcel?\n"
        "The second one.\n> Is the box damaged?\nYes.\n"
    )

    found = forwards.split(text, ("c@l.example",))

    assert found.own_text == "Hello,\n\nThe second one.\nYes."
    assert found.forwards == ()


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote:\nthe box was crushed.",
        "From: Shanghai\nTo: Berlin\nthe parcel took ten days",
        "Subject: my parcel\n\nIt is broken.",
        "Date: 18 Nov\nTo: you\nit broke",
        "-------\nthe box\n-------",
        "I forwarded the original mail --- see there",
        "",
    ],
)
def test_what_only_resembles_a_forward_is_the_members_own(text: str) -> None:
    found = forwards.split(text)

    assert found.own_text == text.strip()
    assert found.forwards == ()


def test_quotes_of_an_html_mail_are_told_from_the_words() -> None:
    html = (
        "<div>Thank you.</div><div>On 18 Nov 2026, Claims &lt;c@l.example&gt; wrote:"
        "<blockquote><p>We have received your claim.</p></blockquote></div>"
    )

    mail = mime.parse(make_claim_mail(text="", html=html, files=[]))

    assert mail.own_text == "Thank you."
    assert "> We have received your claim." in mail.text
