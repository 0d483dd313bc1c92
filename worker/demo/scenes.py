"""Claims of members, as they write them: complete, incomplete, late, in many forms."""

from collections.abc import Iterator
from datetime import timedelta

from worker.demo import papers
from worker.demo.cast import SHOP, SHOP_ADDRESS, TWO_DAYS_AGO
from worker.demo.letters import (
    File,
    everything,
    invoice,
    notice_subject,
    notice_with_prices,
    order_mail,
    photos,
)
from worker.demo.stage import Expected, Sample, Stage
from worker.domain.claim import ClaimState
from worker.domain.mail import Fate
from worker.domain.reply import ReplyKind

S, K = ClaimState, ReplyKind
ALL_THERE = "++++"
COMPLETE = Expected(Fate.CLAIM, S.UNDER_REVIEW, ALL_THERE, (K.RECEIVED,))
INELIGIBLE = Expected(Fate.CLAIM, S.INELIGIBLE_PROPOSED, ALL_THERE, (K.RECEIVED,))
ONE_SECOND_LATE = timedelta(hours=24, seconds=1)  # Source: clause C11 allows 24 hours
NEARLY_DUE = timedelta(days=7) - timedelta(hours=1, minutes=50)
"""Received so long ago that ten minutes of the response's two hours are gone."""
SOON_DUE = timedelta(days=5, hours=10)


def waiting(stage: Stage) -> Iterator[Sample]:
    """Yield what lies in the mailbox before the worker begins."""
    sofia, oliver, nadia = (stage.people[key] for key in ("sofia", "oliver", "nadia"))
    yield stage.claim(
        oliver,
        "nearly seven days old",
        "The lamp arrived with a dented shade and a broken socket; the carton was"
        " crushed. Everything you ask for is attached.",
        Expected(Fate.CLAIM, S.UNDER_REVIEW, ALL_THERE, (K.RECEIVED, K.RESPONSE)),
        files=everything(oliver),
        received_at=stage.now - NEARLY_DUE,
    )
    yield stage.claim(
        nadia,
        "due in two days",
        "My tea set came broken and the box is torn on one side. Documents attached.",
        COMPLETE,
        files=everything(nadia),
        received_at=stage.now - SOON_DUE,
    )
    yield stage.claim(
        sofia,
        "one second too late",
        "The vase was broken when I opened the parcel, and the box was crushed.",
        INELIGIBLE,
        files=everything(sofia),
        received_at=stage.now - TWO_DAYS_AGO + ONE_SECOND_LATE,
    )


def plain_claims(stage: Stage) -> Iterator[Sample]:
    """Yield claims in the form of the terms."""
    people = stage.people
    lena, jonas, mei = people["lena"], people["jonas"], people["mei"]
    amara, piotr = people["amara"], people["piotr"]
    yield stage.claim(
        lena,
        "damage, complete",
        "Hello,\n\nmy parcel arrived today and the tea set inside is broken. The outer"
        " box was crushed on one side. Please find the documents attached.",
        COMPLETE,
        files=everything(lena),
    )
    without_invoice = stage.claim(
        jonas,
        "damage, invoice missing",
        "The desk lamp is damaged and so is the packaging. Photos and the shop's mail"
        " are attached.",
        Expected(Fate.CLAIM, S.UNDER_REVIEW, ALL_THERE, (K.RECEIVED,)),
        files=(order_mail(jonas), *photos(jonas)),
    )
    yield without_invoice
    yield stage.claim(
        mei,
        "total loss",
        "My parcel never arrived. The carrier says that it is lost. Invoice and order"
        " confirmation are attached.",
        Expected(Fate.CLAIM, S.UNDER_REVIEW, "++--", (K.RECEIVED,)),
        files=(invoice(mei), order_mail(mei)),
    )
    yield stage.claim(
        amara,
        "no guarantee bought",
        "The shoes are fine, but the tea set is broken and the box is dented.",
        INELIGIBLE,
        files=everything(amara),
    )
    yield stage.claim(
        piotr,
        "unclaimed for 46 days",
        "I could collect my parcel only today, and the vase inside is broken. The"
        " packaging is wet and torn.",
        INELIGIBLE,
        files=everything(piotr),
    )
    yield stage.claim(
        jonas,
        "the invoice follows",
        "Sorry, here is the invoice that was missing.",
        Expected(Fate.FOLLOW_UP, S.UNDER_REVIEW, ALL_THERE, (K.DOCUMENTS_COMPLETE,)),
        files=(invoice(jonas),),
        subject=f"Re: {jonas.subject}",
        key="invoice",
        headers={
            "In-Reply-To": without_invoice.message_id,
            "References": without_invoice.message_id,
        },
    )


def in_other_words(stage: Stage) -> Iterator[Sample]:
    """Yield claims in other languages and forms."""
    people = stage.people
    katharina, wei, lucia = people["katharina"], people["wei"], people["lucia"]
    hugo, sara, ivan = people["hugo"], people["sara"], people["ivan"]
    yield stage.claim(
        katharina,
        "German, ids in the text",
        "Guten Tag,\n\nmein Paket kam heute an, das Teeservice ist zerbrochen und der"
        " Karton eingedrückt.\n\n"
        f"Mitgliedsnummer: {katharina.member_id}\n"
        f"Bestellnummer: {katharina.order_number}\n\nMit freundlichen Grüßen",
        COMPLETE,
        files=everything(katharina),
        subject="Beschädigtes Paket, bitte um Entschädigung",
    )
    yield stage.claim(
        wei,
        "Chinese, full-width plus",
        "您好,\n\n我的包裹今天到了,里面的茶具碎了,外包装也被压坏了。附件是发票、订单邮件和照片。",
        COMPLETE,
        files=everything(wei),
        subject=f"{wei.member_id}＋{wei.order_number}＋Claim 茶具破损",
    )
    forwarded = (
        "Hola,\n\nel juego de té llegó roto y la caja está aplastada. Reenvío el correo"
        " de la tienda.\n\nLucía\n\n---------- Forwarded message ---------\n"
        f"De: {SHOP} <{SHOP_ADDRESS}>\n"
        f"Date: {lucia.placed_at:%Y-%m-%d %H:%M}\n"
        f"Subject: {notice_subject(lucia)}\nTo: <{lucia.address}>\n\n"
        f"{notice_with_prices(lucia)}"
    )
    yield stage.claim(
        lucia,
        "Spanish, order mail forwarded",
        forwarded,
        COMPLETE,
        files=photos(lucia),
    )
    first, second = papers.heic_photos(int(hugo.number))
    yield stage.claim(
        hugo,
        "French, HEIC without names",
        "Bonjour,\n\nmon colis est arrivé ce matin : le service à thé est cassé et le"
        " carton est écrasé.",
        Expected(Fate.CLAIM, S.UNDER_REVIEW, "++~~", (K.RECEIVED,)),
        files=(
            invoice(hugo),
            order_mail(hugo),
            File("IMG_2041.heic", first),
            File("IMG_2042.heic", second),
        ),
    )
    yield stage.claim(
        sara,
        "one item missing",
        "The tea set was not in the box, only the shoes. The parcel had been opened and"
        " taped again.",
        COMPLETE,
        files=everything(sara),
    )
    yield stage.claim(
        ivan,
        "provider without DMARC",
        "Vase broken, box crushed. Papers attached.",
        COMPLETE,
        files=everything(ivan),
    )


def attachments(stage: Stage) -> Iterator[Sample]:
    """Yield claims whose attachments need a closer look."""
    people = stage.people
    noah, emma = people["noah"], people["emma"]
    david, fatima = people["david"], people["fatima"]
    packed = {file.name: file.data for file in (invoice(noah), *photos(noah))}
    yield stage.claim(
        noah,
        "all in a zip",
        "The lamp is broken, the box too. I put everything into one archive.",
        COMPLETE,
        files=(order_mail(noah), File("documents.zip", papers.zip_of(packed))),
    )
    asked = Expected(Fate.CLAIM, S.AWAITING_DOCUMENTS, "x+++", (K.RECEIVED,))
    yield stage.claim(
        emma,
        "locked invoice",
        "My vase arrived broken and the carton was dented. All documents attached.",
        asked,
        files=(invoice(emma, is_locked=True), order_mail(emma), *photos(emma)),
    )
    yield stage.claim(
        david,
        "invoice of another order",
        "The tea set is in pieces and the outer box is torn.",
        asked,
        files=(invoice(people["grace"]), order_mail(david), *photos(david)),
    )
    yield stage.claim(
        fatima,
        "only a signature logo",
        "Hello, my lamp arrived damaged, the shade is cracked.",
        Expected(Fate.CLAIM, S.AWAITING_DOCUMENTS, "xxxx", (K.RECEIVED,)),
        files=(),
        html=(
            "<p>Hello, my lamp arrived damaged, the shade is cracked.</p><p>Fatima</p>"
            '<img src="cid:logo">'
        ),
        inline={"logo": papers.logo("ZAHRA DESIGN")},
    )
