"""Roles (clause C7, DESIGN section 4): which file serves as which document."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import (
    ADDRESS,
    INVOICE_TEXT,
    ORDER_NUMBER,
    ORDER_TEXT,
    OUR_ADDRESS,
    a_mail,
    a_picture,
    an_attachment,
    an_invoice,
    an_order,
    an_order_mail,
)
from worker.domain.claim import ClaimType
from worker.domain.documents import DocumentKind, Piece, Verdict, Why, judge
from worker.domain.mail import Attachment, FileKind, Looks, Picture, Trouble
from worker.domain.roles import confirmed, dropped, pieces, worth_reading

D1, D2, D3, D4 = DocumentKind
OTHER_ORDER = "ORD-20260101-9999"
OURS = frozenset({OUR_ADDRESS})
DAMAGE, LOST = ClaimType.DAMAGE, ClaimType.TOTAL_LOSS


def pieces_of(
    *files: Attachment,
    claim_type: ClaimType = DAMAGE,
    order_number: str = ORDER_NUMBER,
    earlier: tuple[Piece, ...] = (),
    own_text: str = "See the files.",
    mail_id: int = 7,
) -> tuple[Piece, ...]:
    mail = a_mail(attachments=files, text=own_text)
    return pieces(
        mail_id,
        mail,
        an_order(order_number),
        claim_type,
        earlier=earlier,
        own_addresses=OURS,
    )


def verdicts(
    *files: Attachment,
    claim_type: ClaimType = DAMAGE,
    order_number: str = ORDER_NUMBER,
    own_text: str = "See the files.",
) -> dict[DocumentKind, Verdict]:
    """The verdicts on what is there; what is missing is left out."""
    found = pieces_of(
        *files, claim_type=claim_type, order_number=order_number, own_text=own_text
    )
    rows = judge(claim_type, found)
    absent = {Verdict.MISSING, Verdict.NOT_REQUIRED}
    return {row.kind: row.verdict for row in rows if row.verdict not in absent}


def whys(*files: Attachment) -> dict[DocumentKind, Why | None]:
    return {
        row.kind: row.why
        for row in judge(DAMAGE, pieces_of(*files))
        if row.verdict is Verdict.REJECTED
    }


def a_scan(filename: str = "scan.pdf") -> Attachment:
    return an_attachment(filename, text="")


SATISFIED, PROVISIONAL = Verdict.SATISFIED, Verdict.PROVISIONAL


# -- papers -----------------------------------------------------------------------


def test_a_full_set_is_satisfied() -> None:
    found = verdicts(
        an_invoice(), an_order_mail(), a_picture("box.jpg"), a_picture("contents.jpg")
    )

    assert found == dict.fromkeys((D1, D2, D3, D4), SATISFIED)


def test_a_piece_names_its_mail_its_file_and_what_was_found() -> None:
    (found,) = pieces_of(an_invoice())

    assert (found.mail_id, found.filename, found.kind) == (7, "invoice.pdf", D1)
    assert found.evidence == "order number, 2 item lines, 4 amounts in its text"


@pytest.mark.parametrize(
    ("filename", "text"),
    [
        ("document", INVOICE_TEXT),
        ("scan0001.pdf", f"TRANSACTION RECORD\nRef {ORDER_NUMBER}\nPaid US$ 512.50"),
        ("Rechnung.pdf", f"Rechnung\nBestellnummer: {ORDER_NUMBER}\nVase 45,00 EUR"),
        ("x.pdf", f"Facture\nCommande {ORDER_NUMBER}\nVase 45,00 €\nTotal 45,00 €"),
        ("x.pdf", f"发票\n订单号：{ORDER_NUMBER}\n茶具 ¥315.00\n合计 ¥315.00"),
        ("x.pdf", f"Číslo {ORDER_NUMBER}\nHrnek 45,00 EUR\nDoprava 5,00 EUR"),
    ],
)
def test_an_invoice_in_any_wording_is_proof_of_purchase(
    filename: str, text: str
) -> None:
    assert verdicts(an_invoice(filename, text=text)) == {D1: SATISFIED}


@pytest.mark.parametrize("kind", [FileKind.TEXT, FileKind.HTML, FileKind.OFFICE])
def test_an_invoice_may_be_any_file_with_text(kind: FileKind) -> None:
    assert verdicts(an_attachment("a.bin", kind=kind, text=INVOICE_TEXT)) == {
        D1: SATISFIED
    }


@pytest.mark.parametrize(
    "title",
    [
        "Quotation 771",
        "PRO FORMA INVOICE",
        "Proforma-Rechnung",
        "Angebot Nr. 4711",
        "Devis n° 12",
        "Presupuesto 88",
        "Preventivo n. 5",
        "Offerte 2026-5",
        "見積書",
        "报价单",
    ],
)
def test_C7_an_offer_or_a_pro_forma_invoice_is_for_a_reviewer(title: str) -> None:
    text = f"{title}\nOrder {ORDER_NUMBER}\nCup $20.00\nTotal $20.00"

    assert verdicts(an_invoice("x.pdf", text=text)) == {D1: PROVISIONAL}


def test_C7_a_mail_with_a_quotation_is_for_a_reviewer() -> None:
    mail = an_order_mail(
        subject="Your quotation Q-77",
        text=f"Order {ORDER_NUMBER}\nCup $20.00\nTotal $20.00",
    )

    assert verdicts(mail)[D1] is PROVISIONAL


def test_an_offer_named_below_the_title_leaves_an_invoice_certain() -> None:
    lines = ["Invoice 771", f"Order {ORDER_NUMBER}", "Cup $20.00", "Total $20.00"]
    text = "\n".join([*lines, "Payment", "within 14 days", "Our quotation Q-1 applied"])

    assert verdicts(an_invoice("x.pdf", text=text)) == {D1: SATISFIED}


@pytest.mark.parametrize(
    "name", ["bon de livraison.pdf", "nota de entrega.pdf", "nota di consegna.pdf"]
)
def test_C7_a_delivery_note_without_sums_is_no_proof_of_purchase(name: str) -> None:
    text = f"N° 77\n{ORDER_NUMBER}\n2 cups"

    assert verdicts(an_invoice(name, text=text)) == {}


@pytest.mark.parametrize(
    "line", ["رقم الطلب -20261101-0042ORD", "הזמנה -20261101-0042ORD"]
)
def test_a_number_that_a_line_from_right_to_left_turned_round_is_ours(
    line: str,
) -> None:
    text = f"فاتورة\n{line}\nكوب 120.00 ريال\nالمجموع 120.00 ريال"
    number = "ORD-20261101-0042"
    found = verdicts(an_invoice("x.pdf", text=text), order_number=number)

    assert found == {D1: SATISFIED}


def test_an_invoice_without_an_order_number_is_for_a_reviewer() -> None:
    text = "Invoice\nVase $45.00\nTotal $45.00"

    assert verdicts(an_invoice(text=text)) == {D1: PROVISIONAL}


def test_an_invoice_without_any_sum_is_for_a_reviewer() -> None:
    text = f"Invoice\nOrder number {ORDER_NUMBER}"

    assert verdicts(an_invoice(text=text)) == {D1: PROVISIONAL}


def test_an_invoice_of_another_order_is_rejected_and_says_which() -> None:
    text = INVOICE_TEXT.replace(ORDER_NUMBER, OTHER_ORDER)
    (found,) = pieces_of(an_invoice(text=text))

    assert found.why is Why.WRONG_ORDER
    assert OTHER_ORDER in found.evidence


def test_an_invoice_that_names_our_order_among_others_is_ours() -> None:
    text = f"{INVOICE_TEXT}\nSee also {OTHER_ORDER}"

    assert verdicts(an_invoice(text=text)) == {D1: SATISFIED}


LABEL_TEXT = "EXPRESS WORLDWIDE\nFrom: Harbour Lane\nWeight 2.4 kg\nWAYBILL 118"


@pytest.mark.parametrize(
    "text",
    [
        LABEL_TEXT,
        f"{LABEL_TEXT}\nRef: {ORDER_NUMBER}",
        "PRIORITY\nSHIP TO: Lena Hoffmann\n1 OF 1\nTRK 0183",
        "Paketschein\nEmpfänger: Lena Hoffmann\nSendungsnummer 0034 0434",
        "运单号 SF0183\n收件人 何娜\n寄件人 仓库",
    ],
)
def test_a_parcel_s_label_is_no_invoice_whatever_it_is_called(text: str) -> None:
    assert whys(an_invoice("invoice.pdf", text=text)) == {D1: Why.NOT_THIS_KIND}


def test_a_label_that_is_called_a_notification_is_for_a_reviewer() -> None:
    label = an_invoice("order mail.pdf", text=f"{LABEL_TEXT}\nRef: {ORDER_NUMBER}")

    assert verdicts(label) == {D2: PROVISIONAL}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{LABEL_TEXT}\nValue $45.00", id="a-sum"),
        pytest.param(f"{LABEL_TEXT}\nTax invoice", id="calls-itself-an-invoice"),
        pytest.param("Deliver to: Lena Hoffmann\nVase, cup", id="one-sign-only"),
    ],
)
def test_what_may_be_an_invoice_beside_a_label_s_words_is_for_a_reviewer(
    text: str,
) -> None:
    assert verdicts(an_invoice("invoice.pdf", text=text)) == {D1: PROVISIONAL}


def test_a_paper_that_reads_like_neither_is_nothing() -> None:
    assert verdicts(an_invoice("agb.pdf", text="General terms and conditions")) == {}
    assert verdicts(an_invoice("letter.pdf", text="The parcel is being traced.")) == {}


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (f"Your order {ORDER_NUMBER} has been placed", ORDER_TEXT),
        ("Your package is on its way!", f"Order {ORDER_NUMBER} has shipped."),
        ("Ihre Bestellung ist eingegangen", f"Bestellnummer: {ORDER_NUMBER}"),
        ("Confirmation de votre commande", f"Numéro de commande : {ORDER_NUMBER}"),
        ("Confirmación de pedido", f"Pedido {ORDER_NUMBER}"),
        ("订单确认", f"订单号：{ORDER_NUMBER}"),
        ("ご注文ありがとうございます", f"注文番号：{ORDER_NUMBER}"),
        ("주문 확인", f"주문번호: {ORDER_NUMBER}"),
        ("Подтверждение заказа", f"Номер заказа: {ORDER_NUMBER}"),
        ("Order", f"{ORDER_TEXT} Save $10 on your next order. An invoice will follow."),
    ],
)
def test_an_order_mail_is_the_notification_and_no_proof_of_value(
    subject: str, text: str
) -> None:
    assert verdicts(an_order_mail(subject=subject, text=text)) == {D2: SATISFIED}


def test_an_order_mail_with_goods_and_prices_is_both() -> None:
    text = f"{ORDER_TEXT}\nBlue shoes $135.00\nShipping $5.00\nTotal $140.00"

    assert verdicts(an_order_mail(text=text)) == {D1: SATISFIED, D2: SATISFIED}


def test_an_order_mail_with_a_total_only_is_proof_for_a_reviewer() -> None:
    text = f"{ORDER_TEXT}\nOrder total: $512.50"

    assert verdicts(an_order_mail(text=text)) == {D1: PROVISIONAL, D2: SATISFIED}


def test_an_order_mail_of_another_order_is_rejected() -> None:
    mail = an_order_mail(
        subject="Your order", text=ORDER_TEXT.replace(ORDER_NUMBER, OTHER_ORDER)
    )

    assert whys(mail) == {D2: Why.WRONG_ORDER}


def test_an_order_mail_without_a_number_is_for_a_reviewer() -> None:
    mail = an_order_mail(subject="Order confirmation", text="Thank you!")

    assert verdicts(mail) == {D2: PROVISIONAL}


@pytest.mark.parametrize(
    "mail",
    [
        an_order_mail(sender=f"Claims <{OUR_ADDRESS}>"),
        an_order_mail(sender="Claims", subject="Your claim CLM-000012"),
        an_order_mail(
            sender=ADDRESS, subject="my claim", text=f"about {ORDER_NUMBER}: broken"
        ),
    ],
    ids=["ours", "ours by number", "the member's"],
)
def test_a_quoted_mail_of_ours_or_of_the_member_proves_nothing(
    mail: Attachment,
) -> None:
    assert verdicts(mail) == {}


def test_an_answer_about_a_claim_is_no_certain_notification() -> None:
    mail = an_order_mail(
        subject="Re: your complaint", text=f"About order {ORDER_NUMBER}: we are sorry."
    )

    assert verdicts(mail) == {D2: PROVISIONAL}


def test_an_order_confirmation_as_pdf_is_notification_and_proof() -> None:
    text = f"Order confirmation\nOrder {ORDER_NUMBER}\nVase $45.00\nTotal $45.00"

    assert verdicts(an_invoice("order.pdf", text=text)) == {
        D1: SATISFIED,
        D2: SATISFIED,
    }


def test_an_order_confirmation_with_an_invoices_words_below_its_title_is_both() -> None:
    text = f"訂單成立通知\n訂單編號 {ORDER_NUMBER}\n商品明細\n羊毛毯 x 1 NT$2,330"

    assert verdicts(an_invoice("page.html", text=text)) == {
        D1: SATISFIED,
        D2: SATISFIED,
    }


def test_a_mail_printed_in_another_language_is_the_notification() -> None:
    text = f"Från: Butik\nTill: Lena\nÄmne: Beställning {ORDER_NUMBER}"

    assert verdicts(an_invoice("print.pdf", text=text)) == {D2: SATISFIED}


def test_an_invoice_that_thanks_for_the_order_is_no_notification() -> None:
    text = INVOICE_TEXT + "\nThank you for your order."

    assert verdicts(an_invoice(text=text)) == {D1: SATISFIED}


def test_a_mail_printed_to_pdf_is_the_notification() -> None:
    text = f"From: Shop\nTo: Lena\nSubject: Order\n\nOrder number {ORDER_NUMBER}"

    assert verdicts(an_invoice("print.pdf", text=text)) == {D2: SATISFIED}


# -- photographs --------------------------------------------------------------------


def test_unlabelled_photographs_are_both_for_a_reviewer() -> None:
    found = verdicts(a_picture("IMG_4411.HEIC"), a_picture("IMG_4412.jpg"))

    assert found == {D3: PROVISIONAL, D4: PROVISIONAL}


def test_beside_a_labelled_photograph_the_others_are_the_rest() -> None:
    found = verdicts(a_picture("box.jpg"), a_picture("IMG_1.jpg"))

    assert found == {D3: SATISFIED, D4: PROVISIONAL}


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("Außenkarton.jpg", {D3: SATISFIED}),
        ("outerBox1.jpg", {D3: SATISFIED}),
        ("shipping label.jpg", {D3: SATISFIED}),
        ("damaged box.jpg", {D3: SATISFIED}),
        ("Inhalt.jpg", {D4: SATISFIED}),
        ("broken vase.jpg", {D4: SATISFIED}),
        ("contents of the box.jpg", {D3: PROVISIONAL, D4: SATISFIED}),
        ("box of the product.jpg", {D3: SATISFIED, D4: PROVISIONAL}),
        ("damaged.jpg", {D3: PROVISIONAL, D4: PROVISIONAL}),
        ("receipt.jpg", {D1: PROVISIONAL}),
        ("order confirmation.jpg", {D2: PROVISIONAL}),
    ],
)
def test_a_photograph_is_what_its_name_says(
    filename: str, expected: dict[DocumentKind, Verdict]
) -> None:
    assert verdicts(a_picture(filename)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "IMG_1.jpg: the outer box\nIMG_2.jpg shows the contents",
        "IMG_1.jpg is the carton, IMG_2.jpg is the item inside",
        "Karton = IMG_1.jpg\nInhalt = IMG_2.jpg",
        "IMG_1 外箱\nIMG_2 内容",
    ],
)
def test_a_caption_beside_the_name_labels_a_photograph(text: str) -> None:
    found = verdicts(a_picture("IMG_1.jpg"), a_picture("IMG_2.jpg"), own_text=text)

    assert found == {D3: SATISFIED, D4: SATISFIED}


def test_a_folder_or_an_archive_labels_what_it_holds() -> None:
    archive = an_attachment("fotos.zip", kind=FileKind.ARCHIVE, path="2")
    box = a_picture("1.jpg", path="2!packaging/1.jpg", inside="2")
    inner = replace(archive, path="3", filename="contents.zip")
    cup = a_picture("2.jpg", path="3!2.jpg", inside="3")

    assert verdicts(archive, box, inner, cup) == {D3: SATISFIED, D4: SATISFIED}


def test_A6_logos_and_decoration_never_count() -> None:
    logo = a_picture("image001.png", looks_like=Looks.GRAPHIC, width=120, height=40)
    pixel = a_picture(
        "x.gif", looks_like=Looks.GRAPHIC, width=1, height=1, is_inline=True
    )
    small = a_picture("sig.jpg", width=240, height=120, is_inline=True)
    twice = (
        a_picture("a.jpg", looks_like=Looks.SCREENSHOT, is_inline=True, sha256="ab"),
        a_picture("b.jpg", looks_like=Looks.SCREENSHOT, is_inline=True, sha256="ab"),
    )

    assert verdicts(logo, pixel, small, *twice) == {}


def test_A5_a_photograph_shown_inline_counts() -> None:
    found = verdicts(a_picture("IMG_1.jpg", is_inline=True))

    assert found == {D3: PROVISIONAL, D4: PROVISIONAL}


def test_a_photograph_that_was_put_in_twice_counts() -> None:
    found = verdicts(
        a_picture("IMG_1.jpg", is_inline=True, sha256="ab"),
        a_picture("IMG_1.jpg", is_inline=True, sha256="ab"),
    )

    assert found == {D3: PROVISIONAL, D4: PROVISIONAL}


def test_pictures_inside_an_order_mail_are_the_shops() -> None:
    mail = an_order_mail(path="2")
    product = a_picture("teaset.jpg", path="2/2", inside="2", is_inline=True)

    assert verdicts(mail, product) == {D2: SATISFIED}


def test_the_same_picture_is_not_proof_of_two_things() -> None:
    box = a_picture("box.jpg", sha256="ab")
    contents = a_picture("contents.jpg", sha256="ab")

    assert verdicts(box, contents) == {D3: SATISFIED, D4: Verdict.REJECTED}
    assert whys(box, contents) == {D4: Why.DUPLICATE}


def test_a_file_that_the_claim_has_gives_nothing_new() -> None:
    invoice = an_invoice()
    earlier = pieces_of(invoice)

    again = pieces_of(replace(invoice, path="9"), earlier=earlier, mail_id=8)

    assert again == ()


def test_the_same_mail_read_twice_gives_the_same_pieces() -> None:
    files = (an_invoice(), an_order_mail(), a_picture("box.jpg"))
    once = pieces_of(*files)

    assert pieces_of(*files, earlier=once) == once


def test_a_picture_too_small_to_show_damage_says_so() -> None:
    assert whys(a_picture("box.jpg", width=140, height=90)) == {D3: Why.TOO_SMALL}


def test_of_a_parcel_that_never_came_a_picture_is_of_a_paper() -> None:
    assert verdicts(a_picture("IMG_1.jpg"), claim_type=LOST) == {D2: PROVISIONAL}


# -- screenshots and scans ------------------------------------------------------------


def test_screenshots_fill_what_is_still_wanted() -> None:
    first = a_picture("Screenshot_1.png", looks_like=Looks.SCREENSHOT)
    second = a_picture("Screenshot_2.png", looks_like=Looks.SCREENSHOT)

    assert verdicts(first) == {D2: PROVISIONAL}
    assert verdicts(first, second) == {D1: PROVISIONAL, D2: PROVISIONAL}
    assert verdicts(first, an_order_mail()) == {D1: PROVISIONAL, D2: SATISFIED}


def test_a_screenshot_of_few_colours_is_no_logo() -> None:
    shot = a_picture("Screenshot order.png", looks_like=Looks.GRAPHIC)

    assert verdicts(shot) == {D2: PROVISIONAL}


def test_a_page_beside_good_papers_is_taken_for_a_photograph() -> None:
    page = a_picture("1.jpg", looks_like=Looks.SCREENSHOT)

    found = verdicts(an_invoice(), an_order_mail(), page)

    assert found == {D1: SATISFIED, D2: SATISFIED, D3: PROVISIONAL, D4: PROVISIONAL}


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("scan.pdf", {D1: PROVISIONAL}),
        ("invoice.pdf", {D1: PROVISIONAL}),
        ("order confirmation.pdf", {D2: PROVISIONAL}),
        ("order.pdf", {D2: PROVISIONAL}),
        ("photos.pdf", {D3: PROVISIONAL, D4: PROVISIONAL}),
        ("photos of the box.pdf", {D3: PROVISIONAL}),
        ("Inhalt.pdf", {D4: PROVISIONAL}),
    ],
)
def test_a_scan_is_what_its_name_says_for_a_reviewer(
    filename: str, expected: dict[DocumentKind, Verdict]
) -> None:
    assert verdicts(a_scan(filename)) == expected


def recognised(text: str, looks_like: Looks = Looks.SCREENSHOT) -> Attachment:
    picture = a_picture("1.png", looks_like=looks_like)
    return replace(picture, text=text, is_text_recognised=True)


def test_a_receipt_that_was_read_off_a_picture_is_proof_of_purchase() -> None:
    assert verdicts(recognised(INVOICE_TEXT, Looks.SCAN)) == {D1: SATISFIED}


def test_a_misread_number_is_for_a_reviewer_and_never_another_order() -> None:
    misread = recognised(INVOICE_TEXT.replace(ORDER_NUMBER, OTHER_ORDER))

    assert verdicts(misread) == {D1: PROVISIONAL}
    assert whys(misread) == {}


def test_an_order_page_that_was_read_off_a_screen_is_the_notification_too() -> None:
    page = f"My orders\nOrder number: {ORDER_NUMBER}\nDelivered\nTea set $315.00"
    sums = "\nShipping $4.90\nTotal $319.90"

    assert verdicts(recognised(page + sums)) == {D1: SATISFIED, D2: SATISFIED}


def test_a_parcel_s_label_in_a_photograph_is_no_paper() -> None:
    label = f"TO: L. HOFFMANN\nOrder {ORDER_NUMBER}\n20095 HAMBURG"
    box = recognised(label, Looks.PHOTOGRAPH)

    assert verdicts(box) == {D3: PROVISIONAL, D4: PROVISIONAL}


def test_pictures_that_may_be_papers_are_worth_reading() -> None:
    page = a_picture("1.jpg", looks_like=Looks.SCAN, path="1")
    named = a_picture("box.jpg", path="2")
    unnamed = a_picture("IMG_1.jpg", path="3")
    mail = a_mail(attachments=(named, unnamed, page))

    found = pieces(1, mail, an_order(), ClaimType.DAMAGE)

    assert worth_reading(mail, found) == ("1", "3")


def test_where_both_papers_are_certain_no_picture_is_read() -> None:
    page = a_picture("1.jpg", looks_like=Looks.SCAN)
    certain = tuple(Piece(1, "9", "order.eml", "0" * 64, kind) for kind in (D1, D2))

    assert worth_reading(a_mail(attachments=(page,)), certain) == ()


def test_reading_after_the_answer_confirms_and_takes_nothing_away() -> None:
    trusted = Piece(1, "1", "1.jpg", "0" * 64, D2, is_provisional=True)
    read = (replace(trusted, kind=D1, is_provisional=False),)
    sure = replace(trusted, is_provisional=False)

    assert confirmed((trusted,), read) == (trusted, *read)
    assert confirmed((trusted,), (sure,)) == (sure,)


# -- files that cannot be used --------------------------------------------------------


@pytest.mark.parametrize(
    ("filename", "kind"),
    [
        ("invoice.pdf", D1),
        ("Rechnung.pdf", D1),
        ("order confirmation.pdf", D2),
        ("box.jpg", D3),
        ("Inhalt.jpg", D4),
    ],
)
@pytest.mark.parametrize("trouble", list(Trouble))
def test_A7_an_unusable_file_counts_for_the_role_of_its_name(
    filename: str, kind: DocumentKind, trouble: Trouble
) -> None:
    file = an_attachment(filename, trouble=trouble, sha256="00")

    assert whys(file) == {kind: Why(trouble.value)}


def test_an_unusable_file_without_a_name_counts_for_the_first_that_is_missing() -> None:
    locked = an_attachment("a.pdf", trouble=Trouble.ENCRYPTED)
    damaged = an_attachment("b.pdf", trouble=Trouble.UNREADABLE)

    assert whys(locked) == {D1: Why.ENCRYPTED}
    assert whys(locked, an_invoice()) == {D2: Why.ENCRYPTED}
    assert whys(locked, damaged) == {D1: Why.ENCRYPTED, D2: Why.UNREADABLE}
    assert whys(locked, an_invoice(), an_order_mail()) == {}


def test_an_unusable_picture_was_meant_as_a_photograph() -> None:
    file = replace(a_picture("IMG_1.jpg"), picture=None, trouble=Trouble.UNREADABLE)

    assert whys(file) == {D3: Why.UNREADABLE, D4: Why.UNREADABLE}


def test_a_locked_archive_of_photographs_was_meant_as_photographs() -> None:
    file = an_attachment(
        "photos.zip", kind=FileKind.ARCHIVE, trouble=Trouble.ENCRYPTED, note="locked"
    )

    assert whys(file) == {D3: Why.ENCRYPTED, D4: Why.ENCRYPTED}


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        (FileKind.MAIL, "application/vnd.ms-outlook"),
        (FileKind.ARCHIVE, "application/ms-tnef"),
    ],
)
def test_A4_a_broken_outlook_file_is_an_order_mail_that_cannot_be_read(
    kind: FileKind, media_type: str
) -> None:
    file = an_attachment(
        "file.dat",
        kind=kind,
        media_type=media_type,
        trouble=Trouble.UNREADABLE,
        note="Outlook message that cannot be read",
    )

    assert whys(file) == {D2: Why.UNREADABLE}


@pytest.mark.parametrize("looks_like", [Looks.PHOTOGRAPH, Looks.SCAN])
def test_a_scan_is_the_paper_that_is_wanted(looks_like: Looks) -> None:
    page = Picture(1132, 1600, looks_like)

    assert verdicts(an_attachment("s.pdf", picture=page)) == {D1: PROVISIONAL}


@pytest.mark.parametrize(
    ("looks_like", "photos"), [(Looks.PHOTOGRAPH, {D3, D4}), (Looks.SCAN, set())]
)
def test_photographs_in_a_pdf_are_looked_at_where_both_papers_are_there(
    looks_like: Looks, photos: set[DocumentKind]
) -> None:
    scan = an_attachment("s.pdf", picture=Picture(1132, 1600, looks_like))

    found = verdicts(an_invoice(), an_order_mail(), scan)

    assert {kind for kind, verdict in found.items() if verdict is PROVISIONAL} == photos


def test_a_film_is_not_a_photograph() -> None:
    film = an_attachment("contents.mp4", kind=FileKind.OTHER, media_type="video/mp4")
    unnamed = replace(film, filename="1.mp4", path="9")

    assert whys(film) == {D4: Why.NOT_THIS_KIND}
    assert whys(unnamed) == {}


@pytest.mark.parametrize(
    "file",
    [
        an_attachment("ATT00001.txt", kind=FileKind.TEXT, trouble=Trouble.TOO_SMALL),
        an_attachment("smime.p7s", kind=FileKind.OTHER),
        an_attachment("invite.ics", kind=FileKind.CALENDAR, text="Invoice $1.00"),
        an_attachment("evidence.zip", kind=FileKind.ARCHIVE),
        an_attachment("lena.vcf", kind=FileKind.TEXT, text="BEGIN:VCARD"),
    ],
    ids=lambda file: file.filename,
)
def test_clutter_is_neither_evidence_nor_a_fault(file: Attachment) -> None:
    assert pieces_of(file) == ()


def test_A9_every_file_that_serves_as_nothing_is_named_with_a_reason() -> None:
    logo = a_picture("logo.png", looks_like=Looks.GRAPHIC, path="1")
    terms = an_invoice("agb.pdf", text="Terms")
    locked = an_attachment("z.zip", kind=FileKind.ARCHIVE, note="archive locked")
    box = a_picture("box.jpg", sha256="ab")
    again = a_picture("box.jpg", sha256="ab")
    opened = an_attachment("a.zip", kind=FileKind.ARCHIVE)
    mail = a_mail(attachments=(logo, terms, locked, box, again, opened))

    notes = dropped(mail, pieces_of(*mail.attachments))

    assert notes == {
        logo.path: "a logo or decoration, not counted",
        terms.path: "not one of the required documents",
        locked.path: "archive locked",
        again.path: "the same file as one we have",
    }


# -- all together ---------------------------------------------------------------------

_files = st.builds(
    an_attachment,
    st.text(max_size=30),
    kind=st.sampled_from(FileKind),
    text=st.one_of(st.text(max_size=50), st.just(INVOICE_TEXT), st.just(ORDER_TEXT)),
    trouble=st.one_of(st.none(), st.sampled_from(Trouble)),
    is_inline=st.booleans(),
    sha256=st.sampled_from(["a", "b", "c", "d", "e"]),
)


@given(st.lists(_files, max_size=6), st.sampled_from(ClaimType))
def test_any_files_give_pieces_in_order_and_sent_again_they_give_none(
    files: list[Attachment], claim_type: ClaimType
) -> None:
    found = pieces_of(*files, claim_type=claim_type)

    paths = [file.path for file in files]
    assert [p.path for p in found] == sorted((p.path for p in found), key=paths.index)
    assert len({(p.path, p.kind) for p in found}) == len(found)
    again = pieces_of(*files, claim_type=claim_type, earlier=found, mail_id=8)
    assert all(piece.why is Why.DUPLICATE for piece in again)
