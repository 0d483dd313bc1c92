"""Words: what happened (clause C5), withdrawals, and the words on files."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import SUBJECT
from worker.domain.claim import ClaimType
from worker.domain.wording import (
    claim_type,
    disputes_delivery,
    is_withdrawal,
    names_a_claim,
    names_contents,
    names_goods,
    names_invoice,
    names_notification,
    names_packaging,
)

DAMAGE, PARTIAL = ClaimType.DAMAGE, ClaimType.PARTIAL_LOSS
LOST, UNKNOWN = ClaimType.TOTAL_LOSS, ClaimType.UNKNOWN


def kind(
    text: str, *, delivered: bool | None = True, subject: str = SUBJECT
) -> ClaimType:
    return claim_type(text, subject, was_delivered=delivered)[0]


@pytest.mark.parametrize(
    "text",
    [
        "My parcel arrived today and the tea set inside is broken.",
        "The outer box was crushed on one side.",
        "Everything arrived shattered",
        "The box was mangled",
        "Das Display hat einen Sprung",
        "花瓶寄到的时候已经裂了",
        "The package did not arrive in one piece, everything is cracked",
        "One cup is broken and another one is missing",
        "It is not only scratched but cracked",
        "Order no 12345 arrived damaged",
        "I was not at home when it was delivered. The glass is broken.",
        "I could not use the broken cup",
        "Die Vase ist zerbrochen, der Karton eingedrückt",
        "Die Ware wurde beschaedigt geliefert",
        "Mon colis est arrivé endommagé, le vase est cassé.",
        "El paquete llegó roto y la taza está dañada",
        "Il pacco è arrivato danneggiato e il vaso è rotto",
        "Mijn pakket is beschadigd aangekomen",
        "A encomenda chegou danificada",
        "里面的茶具破损，外箱被压坏",
        "包装完好没有损坏，但里面的杯子碎了",
        "荷物が届きましたが、中身が割れていました。",
        "상품이 파손되었습니다",
        "Посылка пришла, ваза разбита",
        "Paczka przyszła uszkodzona",
        "Paket hasarlı geldi, vazo kırık",
        "Paketet kom fram skadat",
        "The contents are soaking wet",
        "Le carton a pris l'eau et les livres sont gondolés",
        "O vaso chegou em cacos",
        "El jarrón llegó hecho trizas",
        "Váza dorazila na kusy",
        "I ordered two vases and one of them is broken",
        "Everything arrived except that the vase is shattered",
        "There was no padding in the box and the vase is broken",
        "Das Gehäuse hat eine tiefe Delle",
        "Delle in der Dose",
        "Es fehlt nichts, aber zwei Teller sind zerbrochen",
        "Er ontbreekt niets, maar twee borden zijn gebroken",
    ],
)
def test_C5_damage_is_understood(text: str) -> None:
    assert kind(text) is DAMAGE


@pytest.mark.parametrize(
    "text",
    [
        "One item is missing from my package: the shoes were not in the box.",
        "The box was not damaged, but two cups are missing.",
        "Only one of the two jackets was in the parcel.",
        "My order arrived but one of the two pairs was missing.",
        "The headphones were stolen from the box",
        "The box was empty when I opened it.",
        "The contents are incomplete",
        "I only got 2 of the 3 mugs I ordered",
        "They forgot to put the charger in the box",
        "Nur zwei von drei Tassen sind angekommen",
        "Solo recibí dos de las tres piezas",
        "Je n'ai reçu qu'un seul des deux pulls",
        "Der manglede en kop i pakken",
        "Im Paket fehlt ein Artikel",
        "In der Lieferung fehlte die Teekanne.",
        "Der Karton war unbeschädigt, aber der Inhalt ist unvollständig",
        "Il manque un article dans le colis",
        "Me falta un zapato en la caja.",
        "Manca un articolo nel pacco",
        "Er ontbreekt een artikel in de doos",
        "Faltou um produto no pacote",
        "包裹里少了一双鞋",
        "商品が一つ足りません。",
        "箱は破損していませんでしたが、商品が足りませんでした",
        "상품 하나가 누락되었습니다",
        "В посылке не хватает одного товара",
        "W paczce brakuje butów",
        "Paketten bir ürün eksik çıktı",
        "Everything arrived except the lamp",
        "Tout est arrivé sauf la lampe",
        "è arrivato tutto tranne la lampada",
        "wszystko przyszło oprócz lampy",
        "ランプ以外は届きました",
        "除了台灯其他都收到了",
        "I ordered three mugs and got two",
        "Statt drei Tassen habe ich nur zwei bekommen",
        "J'ai commandé trois tasses et n'en ai reçu que deux",
        "Pedí tres tazas y solo recibí dos",
        "Заказала три кружки, а пришло только две",
        "세 개 주문했는데 두 개만 왔어요",
        "我订了三个杯子，只收到两个",
        "4 out of 5 items arrived",
        "Von fünf Artikeln sind nur vier angekommen",
        "There's no charger in the box",
        "w paczce nie było ładowarki",
        "в коробке не было одной лампы",
        "The lamp is nowhere to be found in the box",
        "faltava um dos dois candeeiros",
        "mancava una delle due lampade",
        "Λείπουν δύο κομμάτια",
        "The box arrived empty",
        "Kutu hasarsız ama bir kupa eksik",
        "Sono arrivati solo cinque bicchieri su sei",
        "Bara fem av sex glas kom fram",
        "Dotarło tylko pięć szklanek z sześciu",
        "Dorazilo jen pět sklenic ze šesti",
        "Пришло только пять стаканов из шести",
        "Прийшло лише п'ять склянок із шести",
        "وصلتني خمسة أكواب فقط من أصل ستة",
        "Statt sechs Gläsern lagen nur fünf im Paket",
        "Er zaten maar vijf van de zes glazen in",
        "グラスが6個のうち5個しか届きませんでした",
        "六个杯子只收到五个",
        "Ten plates were expected, only nine arrived",
        "De doos is onbeschadigd maar er ontbreekt een kop",
        "Von den drei Tassen kamen nur zwei an",
        "three ordered, two came",
        "I ordered 6 cups but only 4 arrived",
        "I ordered 6 cups but only 4 arrived, where are the others?",
        "statt 5 kamen nur 3",
        "pedí tres y llegaron dos",
        "Siedem kubków zamówiłem, przyszło tylko pięć",
        "Ordinai undici tazze, ne sono arrivate solo nove",
        "Ich habe elf Tassen bestellt und nur neun erhalten",
        "Bis auf eine Tasse ist alles angekommen",
        "There was no charger in the package",
        "Im Paket war kein Ladegerät",
        "Il n'y avait pas de chargeur dans le colis",
        "No había cargador en la caja",
        "盒子里没有充电器",
    ],
)
def test_a_partial_loss_is_understood(text: str) -> None:
    assert kind(text) is PARTIAL


@pytest.mark.parametrize(
    "text",
    [
        "My package never arrived. The carrier says it is lost.",
        "I still have not received my parcel",
        "My order of 3 items never arrived.",
        "Package lost in transit",
        "my order is missing",
        "Mein Paket ist nie angekommen.",
        "Das Paket kam nie an.",
        "Ich habe die Sendung bis heute nicht erhalten.",
        "Je n'ai jamais reçu mon colis.",
        "Mi pedido nunca llegó",
        "El envío se extravió",
        "Il pacco non è mai arrivato",
        "Mijn pakket is nooit aangekomen",
        "Não recebi o pacote",
        "我的包裹一直没有收到",
        "荷物が届いていません。",
        "택배를 받지 못했습니다",
        "Посылка так и не пришла",
        "Paczka nigdy nie dotarła",
        "Kargom ulaşmadı",
        "Paketet har aldrig kommit fram",
        "Paketim bana hiç ulaşmadı",
        "Balík mi nikdy nedoručili",
        "Je n'ai rien reçu",
        "Pakken min kom aldri fram",
        "I ordered two books but they never arrived",
        "Il pacco delle scarpe non è mai arrivato",
        "Still no sign of my order",
        "快件至今未到",
        "لم أتلق الطرد",
        "The parcel has not arrived in the box at our office",
        "Meine Bestellung kam im Paket nicht an",
    ],
)
def test_a_total_loss_is_understood(text: str) -> None:
    assert kind(text, delivered=False) is LOST
    assert kind(text, delivered=None) is LOST


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Thank you!",
        "The parcel is not damaged at all.",
        "Das Paket war nicht beschädigt.",
        "El paquete no está dañado",
        "I have not received any answer to my email",
        "Here is the missing invoice",
        "I lost the invoice, sorry",
        "The link on your page is broken",
        "I can only send 2 of the photos now",
        "It was the parcel of my mother, just one of those days",
        "I ordered on 3 November and received it on 2 December.",
        "I ordered three weeks ago and it came 2 days ago",
        "I ordered 2 lamps and received 2 lamps",
        "I ordered 3 items, my parcel arrived at 2 pm",
        "There was no invoice in the parcel",
        "Nothing is broken or missing",
        "Ho ordinato delle scarpe, ecco i documenti",
        "I received 2 of 3 documents, the invoice follows",
        "Sono arrivati tutti e sei i bicchieri",
        "Six glasses arrived just after five",
        "Everything arrived, only 2 photos of the 3 are attached",
        "Encomendei dez copos e não sei quando chegam",
        "Πότε θα φτάσει το δέμα μου;",
    ],
)
def test_words_about_something_else_leave_the_type_open(text: str) -> None:
    assert kind(text) is UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        # Idioms with a word for an exception.
        "El paquete llegó sano y salvo, gracias",
        "Todo llegó sano y salvo, gracias",
        "Le colis est arrivé sain et sauf, merci",
        "Tout est arrivé sain et sauf",
        "Tout est bien arrivé à part ça",
        "Sauf erreur, j'ai bien reçu votre mail",
        "Sauf erreur, tout est arrivé",
        "Alles angekommen, bis auf Weiteres vielen Dank",
        "Apart from that, my parcel arrived on time",
        "Apart from that, everything arrived on time",
        "Everything arrived, apart from a delay of two days",
        "C'est à part, la commande est bien reçue",
        "Le colis est arrivé, à part un retard de deux jours",
        "You received all my documents except the invoice",
        "Did everything arrive except the lamp?",
        "Alles ist gut angekommen, außer dass es regnete",
        "それ以外は届きました",
        # Denials beside a container.
        "El paquete no está en la caja de correos",
        "Le colis n'est pas dans la boîte aux lettres",
        "Il n'y avait pas de clé dans la boîte aux lettres",
        "Thanks, I have put nothing back in the box",
        "There is no problem with the items in the box",
        "There is no problem in the box",
        "There was nothing wrong in the box",
        "I have not kept the packaging in the box",
        "I have not opened what is in the box",
        "What is in the box is not mine",
        "我没有打开箱子里的东西",
        "盒子里的东西没有坏",
        "箱子里没有问题",
        "There is no bubble wrap in the package",
        "快递没有放在箱子里",
        "Nein, im Paket war kein Problem",
        "Is there no invoice needed in the box?",
        "Should there be no manual if there is no lamp in the box?",
        # Two numbers, and nothing lacks.
        "I ordered 5 items and they arrived in 2 boxes, thanks",
        "I bought 4 chairs, received two parcels, all good",
        "My order from 12 Main Street was delivered to number 10",
        "I ordered size 12 shoes and got size 10",
        "I ordered 10 metres of cable, got 8 metres",
        "I ordered 20 chairs and received a parcel with 10 percent off voucher",
        "I bought a 4 person tent and it came with 2 poles",
        "I bought a table with six chairs, delivered by two men",
        "Die Lieferung kam am Montag um 10 statt um 8",
        "It was delivered at door 12 instead of 2",
        "we bought 8 and only 2 guests have arrived",
        "I ordered 5 cups, 3 came on Monday and 2 on Tuesday",
        "I ordered 3 lamps and got 2 free",
        "I ordered 3 lamps and received 2 e-mails",
        "I ordered 3 lamps and 2 cups and they arrived",
        "I ordered six, and not only two came but all of them",
        "If I ordered three and got two, what would I have to send?",
        "I ordered 3 cups, 2 came today, the last came too",
        "我订了五件，收到两箱，谢谢",
        # Shares of mails, photographs and updates.
        "Please find 2 of the 4 pictures I received attached",
        "Habe 2 der 3 Fotos erhalten?",
        "I received the tracking update 2 of 4",
        "I only received 2 of the 3 photos",
        "Only 2 of the 3 tracking updates arrived",
        # Words of damage in other senses.
        "There is a hole in your tracking system",
        "Your mail knocked me off guard",
        "I was knocked off guard by your answer",
        "We were soaking up the sun when it came",
        "Paket hiç hasarlı değil",
        "Delle scarpe ho la ricevuta",
        "Le foto delle scarpe arrivano domani",
    ],
)
def test_no_harm_is_read_into_what_is_well_or_asked(text: str) -> None:
    assert kind(text) is UNKNOWN


def test_silence_about_a_package_that_never_came_is_a_total_loss() -> None:
    assert kind("", delivered=False) is LOST
    assert kind("", delivered=None) is UNKNOWN


def test_two_kinds_of_words_are_settled_by_the_directory() -> None:
    text = "It was lost or damaged on the way"

    assert kind(text, delivered=True) is DAMAGE
    assert kind(text, delivered=False) is LOST
    assert kind(text, delivered=None) is UNKNOWN


def test_never_arrived_against_a_delivery_stays_open_for_a_person() -> None:
    text = "My package never arrived."

    assert kind(text, delivered=True) is UNKNOWN
    assert disputes_delivery(text, SUBJECT)
    assert not disputes_delivery("The vase is broken", SUBJECT)


def test_clear_words_outweigh_a_directory_without_a_scan() -> None:
    assert kind("The vase is broken", delivered=False) is DAMAGE
    assert kind("One item is missing from the box", delivered=False) is PARTIAL


def test_the_subject_speaks_where_the_mail_is_silent_or_says_two_things() -> None:
    assert kind("See the photos.", subject="damaged parcel") is DAMAGE
    assert kind("Lost or damaged?", subject="Package lost", delivered=None) is LOST


def test_the_evidence_names_the_words_and_the_record() -> None:
    _, evidence = claim_type("The vase is broken", SUBJECT, was_delivered=True)

    assert evidence == '"broken"; the directory has a delivery'


# -- withdrawals and claims -----------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "I want to withdraw my claim.",
        "Please cancel my claim, the parcel arrived.",
        "Ich ziehe meine Reklamation zurück",
        "Je retire ma réclamation",
        "Retiro mi reclamación",
        "我撤回索赔",
        "クレームを取り下げます",
    ],
)
def test_a_plain_withdrawal_is_understood(text: str) -> None:
    assert is_withdrawal(text)


@pytest.mark.parametrize(
    "text",
    [
        "I do not withdraw my claim",
        "Can I withdraw my claim?",
        "If you pay the postage I withdraw my claim",
        "Wie ziehe ich meine Reklamation zurück?",
        "Please cancel my order",
        "Here is the invoice for my claim",
    ],
)
def test_in_doubt_nothing_is_withdrawn(text: str) -> None:
    assert not is_withdrawal(text)


@pytest.mark.parametrize(
    "text",
    ["A claim", "Reklamation", "réclamation", "理赔", "索赔", "クレーム", "претензия"],
)
def test_claims_are_named_in_many_languages(text: str) -> None:
    assert names_a_claim(text)
    assert not names_a_claim("Thank you and kind regards")


# -- words on files -------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "outer packaging box.jpg",
        "outerBox1.jpg",
        "label.jpg",
        "Außenkarton.jpg",
        "Verpackung_aussen.JPG",
        "colis abîmé.jpg",
        "caja_exterior.png",
        "imballaggio.jpg",
        "doos.jpg",
        "caixa.jpg",
        "外箱.jpg",
        "包装1.jpg",
        "梱包.jpg",
        "포장.jpg",
        "коробка.jpg",
        "opakowanie.jpg",
        "kutu.jpg",
    ],
)
def test_packaging_is_named_in_many_languages(name: str) -> None:
    assert names_packaging(name)
    assert not names_contents(name)


@pytest.mark.parametrize(
    "name",
    [
        "broken contents inside.jpg",
        "Paketinhalt.jpg",
        "contenu.jpg",
        "contenido.jpg",
        "contenuto.jpg",
        "inhoud.jpg",
        "conteúdo.jpg",
        "内容.jpg",
        "里面.jpg",
        "中身.jpg",
        "내용물.jpg",
        "содержимое.jpg",
        "zawartość.jpg",
    ],
)
def test_contents_are_named_in_many_languages(name: str) -> None:
    assert names_contents(name)


@pytest.mark.parametrize("name", ["inbox.jpg", "IMG_4411.HEIC", "damaged.jpg", "1.jpg"])
def test_names_that_say_neither_are_no_labels(name: str) -> None:
    assert not names_packaging(name)
    assert not names_contents(name)
    assert not names_goods(name)


@pytest.mark.parametrize(
    "name",
    [
        "kapotte kop.jpg",
        "rikkinäinen kuppi.jpg",
        "törött csésze.jpg",
        "cana spartă.jpg",
        "σπασμένη κούπα.jpg",
        "الكوب المكسور.jpg",
        "розбита чашка.jpg",
    ],
)
def test_broken_goods_are_named_in_many_languages(name: str) -> None:
    assert names_goods(name)
    assert not names_invoice(name)
    assert not names_packaging(name)


@pytest.mark.parametrize(
    "name",
    [
        "invoice_ORD-1.pdf",
        "order history.png",
        "Rechnung_4711.pdf",
        "Kaufbeleg.pdf",
        "facture.pdf",
        "reçu.pdf",
        "comprobante de compra.pdf",
        "ricevuta.pdf",
        "factuur.pdf",
        "fatura.pdf",
        "发票.pdf",
        "領収書.pdf",
        "영수증.pdf",
        "чек.pdf",
        "faktura.pdf",
    ],
)
def test_invoices_are_named_in_many_languages(name: str) -> None:
    assert names_invoice(name)


def test_a_word_that_means_received_names_a_receipt_only_in_a_title() -> None:
    sentence = "Nous avons bien reçu votre commande du 4 novembre, merci de votre achat"

    assert names_invoice("Reçu")
    assert not names_invoice(sentence)


@pytest.mark.parametrize(
    "text",
    [
        "Your order has been placed",
        "Order confirmation",
        "Ihre Bestellung ist eingegangen",
        "Bestellbestätigung",
        "Confirmation de commande",
        "Confirmación de pedido",
        "Conferma d'ordine",
        "Bevestiging van je bestelling",
        "订单确认",
        "ご注文ありがとうございます",
        "주문 확인",
        "Подтверждение заказа",
        "Potwierdzenie zamówienia",
        "Siparişiniz alındı",
    ],
)
def test_order_notifications_are_known_in_many_languages(text: str) -> None:
    assert names_notification(text)


# -- hostile and random text ----------------------------------------------------------


@given(st.text(), st.text())
def test_no_text_raises(text: str, subject: str) -> None:
    found, _ = claim_type(text, subject, was_delivered=None)

    assert found in set(ClaimType)
    assert is_withdrawal(text) in {True, False}


@pytest.mark.parametrize(
    "piece",
    [
        *("not ", "not damaged ", "kam nicht ", "a", "没", "no no lost ", "\ufdfa"),
        *("only 2 ", "all came except ", "there was no a ", "3 ordered 2 came "),
        *(
            "nur ",
            "of 3 ",
            "在箱子里",
            "only" + " " * 5_000,
            "came 3, only a" + "a" * 5_000,
        ),
    ],
)
def test_200_kilobytes_of_anything_are_read_quickly(piece: str) -> None:
    text = (piece * 200_000)[:200_000]

    started = time.process_time()
    claim_type(text, text, was_delivered=None)
    is_withdrawal(text)

    assert time.process_time() - started < 0.5
