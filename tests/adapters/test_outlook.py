import struct

import pytest

from tests.builders_mail import ORDER, a_file, invoice_pdf, make_mail, order_mail, photo
from tests.outlook import compound_of, lzfu, mela, msg_of, msg_tree, tnef_of
from worker.adapters import mime
from worker.adapters.reading import compound, rtf
from worker.domain.mail import Attachment, FileKind, Mail, Trouble

WORDS = f"Thank you for your order.\r\nOrder number: {ORDER}"
PAGE = f"<html><p>Order number: {ORDER}</p><p>Größe 42</p></html>"


def mail_with(data: bytes, name: str, text: str = "Hello") -> Mail:
    return mime.parse(make_mail(text=text, files=[a_file(data, name)]))


def rows(mail: Mail) -> list[tuple[str, str, FileKind, str | None]]:
    return [(a.path, a.filename, a.kind, a.inside) for a in mail.attachments]


def first(data: bytes, name: str = "order.msg") -> Attachment:
    return mail_with(data, name).attachments[0]


# -- .msg -----------------------------------------------------------------------------


def test_an_outlook_message_is_a_mail_with_its_files() -> None:
    data = msg_of(text=WORDS, files={"invoice.pdf": invoice_pdf(), "box.jpg": photo()})

    mail = mail_with(data, "order.msg")

    assert rows(mail) == [
        ("2", "order.msg", FileKind.MAIL, None),
        ("2/1", "invoice.pdf", FileKind.PDF, "2"),
        ("2/2", "box.jpg", FileKind.PICTURE, "2"),
    ]
    message = mail.attachments[0]
    assert message.media_type == "application/vnd.ms-outlook"
    assert message.mail_subject == "Your order has been placed"
    assert message.mail_from == "Harbour Lane Store <orders@harbourlane.example>"
    assert message.mail_date == "Wed, 04 Nov 2026 10:22:00 +0000"
    assert message.text == WORDS.replace("\r\n", "\n")
    assert ORDER in mail.attachments[1].text
    assert all(a.trouble is None and not a.note for a in mail.attachments)


def test_an_outlook_message_under_another_name_is_one() -> None:
    assert first(msg_of(text=WORDS), "document").kind is FileKind.MAIL


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(msg_of(html=PAGE.encode()), id="HTML in UTF-8"),
        pytest.param(msg_of(text="see HTML", html=(PAGE * 20).encode()), id="stub"),
        pytest.param(
            msg_of(
                rtf=mela(
                    rb"{\rtf1\ansi Order number: ORD-20261104-0183\par Gr\'f6\'dfe 42}"
                )
            ),
            id="RTF",
        ),
        pytest.param(
            msg_of(
                rtf=lzfu(
                    rb"{\rtf1\ansi\fromhtml1{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 "
                    rb"Order number: ORD-20261104-0183{\*\htmltag72 </p>}"
                    rb"\htmlrtf\par}\htmlrtf0 {\*\htmltag64 <b>}Gr\u246?\'dfe 42}"
                )
            ),
            id="HTML in compressed RTF",
        ),
        pytest.param(
            msg_of(text=f"Order number: {ORDER} Größe 42", is_unicode=False),
            id="strings of eight bits",
        ),
    ],
)
def test_the_text_of_a_message_is_read_in_every_form(data: bytes) -> None:
    text = first(data).text

    assert f"Order number: {ORDER}" in text
    assert "Größe 42" in text
    assert "<p>" not in text


def test_a_message_in_a_message_is_a_mail_of_its_own() -> None:
    inner = msg_tree(text=WORDS, files={"invoice.pdf": invoice_pdf()}, head_bytes=24)

    mail = mail_with(msg_of(text="see below", letters=[inner]), "fw.msg")

    assert rows(mail) == [
        ("2", "fw.msg", FileKind.MAIL, None),
        ("2/1", "", FileKind.MAIL, "2"),
        ("2/1/1", "invoice.pdf", FileKind.PDF, "2/1"),
    ]
    assert mail.attachments[1].mail_subject == "Inner"
    assert ORDER in mail.attachments[1].text


def test_messages_in_messages_are_read_to_a_depth() -> None:
    tree = msg_tree(text="deep", head_bytes=24)
    for _ in range(10):
        tree = msg_tree(letters=[tree], head_bytes=24)

    mail = mail_with(msg_of(letters=[tree]), "deep.msg")

    assert len(mail.attachments) == 7
    assert "not opened" in mail.attachments[-1].note


def test_a_mail_attached_to_a_message_is_read() -> None:
    mail = mail_with(msg_of(files={"order.eml": order_mail()}), "fw.msg")

    assert mail.attachments[1].kind is FileKind.MAIL
    assert mail.attachments[1].mail_subject == f"Your order {ORDER} has been placed"


@pytest.mark.parametrize("cut", [600, 1_500, -700])
def test_a_broken_message_says_so(cut: int) -> None:
    found = first(msg_of(text=WORDS, files={"a.pdf": invoice_pdf()})[:cut])

    assert found.trouble is Trouble.UNREADABLE
    assert "Outlook message that cannot be" in found.note


def test_a_storage_that_is_no_message_is_not_one() -> None:
    found = first(compound_of({"WordDocument": b"x" * 5000}), "invoice.doc")

    assert (found.media_type, found.kind) == ("application/msword", FileKind.OFFICE)
    assert found.note == "old Word format (.doc), its text is not read"


# -- winmail.dat ----------------------------------------------------------------------


def test_a4_a_winmail_is_opened() -> None:
    data = tnef_of(text=WORDS, files={"Rechnung.pdf": invoice_pdf(), "箱.jpg": photo()})

    mail = mail_with(data, "winmail.dat")

    assert rows(mail) == [
        ("2", "winmail.dat", FileKind.ARCHIVE, None),
        ("2!1", "Rechnung.pdf", FileKind.PDF, "2"),
        ("2!2", "箱.jpg", FileKind.PICTURE, "2"),
    ]
    assert mail.text == "Hello"
    assert not mail.attachments[0].note


@pytest.mark.parametrize(
    "data",
    [
        tnef_of(text=WORDS),
        tnef_of(html=PAGE.encode()),
        tnef_of(rtf=lzfu(rb"{\rtf1 Order number: ORD-20261104-0183}")),
    ],
)
def test_a4_the_text_of_a_winmail_is_the_mail_where_there_is_no_other(
    data: bytes,
) -> None:
    mail = mail_with(data, "winmail.dat", text="")

    assert f"Order number: {ORDER}" in mail.text


def test_a_message_inside_a_winmail_is_a_mail_with_its_files() -> None:
    inner = tnef_of(
        subject="Order placed", text=WORDS, files={"invoice.pdf": invoice_pdf()}
    )

    mail = mail_with(tnef_of(letters=[inner]), "winmail.dat")

    assert rows(mail) == [
        ("2", "winmail.dat", FileKind.ARCHIVE, None),
        ("2!1", "", FileKind.MAIL, "2"),
        ("2!1/1", "invoice.pdf", FileKind.PDF, "2!1"),
    ]
    assert mail.attachments[1].mail_subject == "Order placed"
    assert ORDER in mail.attachments[1].text


def test_a_link_in_a_winmail_says_that_no_file_was_sent() -> None:
    found = mail_with(tnef_of(links=["invoice.pdf"]), "winmail.dat").attachments[1]

    assert found.filename == "invoice.pdf"
    assert found.note == "only a link to a file, the file itself was not sent"


def test_a_winmail_that_breaks_off_gives_what_came_before() -> None:
    data = tnef_of(files={"a.pdf": invoice_pdf(), "b.jpg": photo()})

    found = mail_with(data[:-2000], "winmail.dat").attachments

    assert [a.filename for a in found] == ["winmail.dat", "a.pdf", "b.jpg"]
    assert ORDER in found[1].text
    assert found[2].note == "empty file"
    assert found[0].trouble is Trouble.UNREADABLE
    assert found[0].note == "winmail.dat that breaks off"


# -- rich text ------------------------------------------------------------------------


HELLO = (
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af320"
    "68656c090020627705b06c647d0a800fa0"
)
REPEATED = "1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0"


@pytest.mark.parametrize(
    ("packed", "text"),
    [
        (HELLO, b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"),
        (REPEATED, b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"),
    ],
)
def test_the_examples_of_the_standard_unpack(packed: str, text: bytes) -> None:
    """Source: MS-OXRTFCP §3.1, §3.2."""
    assert rtf.decompress(bytes.fromhex(packed)) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"{\rtf1\ansi A\par B\tab C}", "A\nB\tC"),
        (rb"{\rtf1{\fonttbl{\f0 Arial;}}{\*\generator x;}A}", "A"),
        (rb"{\rtf1{\pict 0123}A\cell B\cell\row C}", "A\tB\t\nC"),
        (rb"{\rtf1\uc1 \u26085?\u26412?}", "日本"),
        (rb"{\rtf1\u-10179?\u-8704?}", "😀"),
        (rb"{\rtf1\uc2 \u8364ab1}", "€1"),
        (
            rb"{\rtf1{\fonttbl{\f1\fcharset128 MS Mincho;}}{\f1 \'94\'a0}\'e9}",
            "箱é",
        ),
        (rb"{\rtf1\ansicpg1251 \'f1\'f3\'ec\'ec\'e0}", "сумма"),
        (rb"{\rtf1 a\{b\}\~c}", "a{b} c"),
        (b"not rich at all", "not rich at all"),
    ],
)
def test_rich_text_is_read(source: bytes, text: str) -> None:
    assert rtf.to_text(source, 1000) == text


def test_a_rich_text_file_says_its_text() -> None:
    found = first(rb"{\rtf1 Order number: ORD-20261104-0183}", "invoice.doc")

    assert (found.kind, found.text) == (FileKind.OFFICE, f"Order number: {ORDER}")


# -- hostile --------------------------------------------------------------------------


def patched(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + struct.pack("<I", value) + data[at + 4 :]


def looped() -> bytes:
    """The sectors of the big stream go round for ever, and it says it has 4 GB."""
    data = compound_of({"a": b"x" * 20_000})
    entry = data.index("a".encode("utf-16-le") + bytes(62))
    fat = data.rindex(struct.pack("<4I", 1, 2, 3, 4))
    return patched(patched(data, entry + 120, 0xFFFFFFF0), fat, 0)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(looped(), id="a loop of sectors"),
        pytest.param(patched(msg_of(), 48, 0xFFFFFFF0), id="no directory"),
        pytest.param(
            patched(patched(msg_of(), 68, 0), 72, 0xFFFFFFFF), id="a loop of FAT lists"
        ),
        pytest.param(msg_of()[:512], id="only a header"),
        pytest.param(patched(msg_of(), 30, 0xFFFFFFFF), id="sectors of any size"),
    ],
)
def test_a_compound_file_made_to_cost_time_is_refused(data: bytes) -> None:
    with pytest.raises(compound.CompoundDamaged):
        compound.read(data)
