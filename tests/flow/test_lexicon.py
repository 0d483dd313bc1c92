"""The word lists in each language: what must be understood, and what must not."""

import re
import subprocess
import sys

import pytest

from tests.builders import SUBJECT
from worker.domain import lexicon
from worker.domain.claim import ClaimType
from worker.domain.lexicon import Terms, fold, spread
from worker.domain.wording import (
    claim_type,
    is_withdrawal,
    names_a_claim,
    names_a_screenshot,
    names_an_order,
    names_contents,
    names_invoice,
    names_notification,
    names_packaging,
    names_photographs,
    tells_of_harm,
)

DAMAGED = """
The mug was smashed to smithereens|Die Vase hat Scherben|La tasse est fendue
La caja llegó reventada|La tazza è in frantumi|A caneca veio rachada
De mok is gebroken|Muggen är sprucken|Koppen er revnet|Koppen er sprukket
Muki on rikki|Kubek jest pęknięty|Hrnek je rozbitý|Hrnček je rozbitý
A bögre eltört|Cana este spartă|Чашата е счупена|Šalica je slomljena
Шоља је сломљена|Η κούπα έσπασε|Чашка разбита вдребезги|Чашка пошкоджена
Bardak paramparça oldu|وصل الكوب مكسورًا|والزجاج تحطم|فنجان شکسته است|הספל שבור
कप टूटा हुआ है|แก้วแตกละเอียด|Chiếc cốc bị vỡ|Cangkirnya pecah|Barang saya rosak
Si è rovesciato il miele|Se derramó la miel|Miód się rozlał|Мёд вытек на коробку
Мед витік у коробку|الزجاج متصدع|Stolebenet er knækket|Tuolin jalka on katkennut
Il n'y a que des débris|Solo había pedazos de loza|Só havia pedaços de louça
カップが粉々です|컵이 산산조각 났어요|杯子摔坏了|杯子摔壞了
"""
LOST = """
My parcel has gone astray|Mein Paket ist unauffindbar|Mon colis n'est jamais arrivé
Me robaron el paquete|Il pacco è stato smarrito|A encomenda nunca chegou
Mijn pakket is spoorloos|Mitt paket har försvunnit|Min pakke er ikke modtaget
Pakken min er aldri mottatt|Paketti ei ole saapunut|Moja paczka zaginęła
Balík nedorazil|Zásielka nedorazila|A csomag nem érkezett meg|Nu am primit coletul
Пратката не пристигна|Paket nije stigao|Пакет није стигао|Το δέμα δεν έφτασε
Посылка затерялась|Посилка не надійшла|Paket elime geçmedi, gelmedi|لم يصل الطرد
لم أستلم الشحنة|بسته نرسیده است|החבילה לא הגיעה|पार्सल नहीं मिला|ยังไม่ได้รับพัสดุ
Tôi chưa nhận được kiện hàng|Paket belum diterima|Bungkusan tidak sampai
荷物が届きません|택배가 사라졌습니다|包裹丢失了|包裹遺失了
"""
PARTLY = """
The box came up short|Es ist nur die Hälfte drin, der Inhalt ist unvollzählig
La boîte était vide|La caja llegó vacía|Il pacco era vuoto
A caixa veio vazia, só veio um
De doos was leeg|Kartongen var tom, tom låda|Æsken var tom|Esken var tom
Toimitus oli puutteellinen|Przesyłka niekompletna|Zásilka je neúplná
Zásielka je nekompletná|A csomag hiányos|Coletul este incomplet|Пратката е непълна
Pošiljka je nepotpuna|Пошиљка је непотпуна|Η παραγγελία είναι ελλιπής
В посылке недостача|Посилка неповна|Paket eksik geldi|الطلب ناقص|کسری داشت
חסר פריט בחבילה|सामान अधूरा है|สินค้าไม่ครบ|Gói hàng bị thiếu một món
Isi paket tidak lengkap|Barang kurang lengkap|商品が不足しています|일부만 왔어요
里面缺了一件|裡面缺了一件
"""
ORDINARY = """
Thank you for your quick help and have a nice weekend
Please find the photos and the invoice attached
I would like to know when you will answer me
The stained glass lamp looks wonderful, just as in the picture
I collect pierced earrings and mashed potato recipes
Vielen Dank für Ihre schnelle Antwort, schöne Grüße
Anbei die Fotos und die Rechnung zu meiner Bestellung
Ich bin der Empfänger und wohne in der Sonderstraße
Welch ein schönes Ding, ich freue mich sehr
Bonjour, voici les photos et la facture de ma commande
Merci beaucoup pour votre aide, c'est dommage pour le retard
La chemise rayée me plaît beaucoup, bonne journée
Muchas gracias por su ayuda, un saludo cordial
Adjunto las fotos y la factura de la compra
El partido de ayer fue muy bueno
Grazie mille per l'aiuto, cordiali saluti
In allegato trovate le foto e la fattura
Muito obrigado pela ajuda, bom dia
A hora da partida do avião é às oito
Hartelijk dank voor uw hulp, met vriendelijke groet
Ik heb het pakket nu ontvangen, jij bent heel vriendelijk
Ik wil graag een stuk taart bestellen
Tack så mycket för hjälpen, jag har nu mottagit paketet
Mange tak for hjælpen og god weekend
Tusen takk for hjelpen, ha en fin dag
Kiitos avusta, olen ostettuani tyytyväinen
Ostettu viime viikolla verkkokaupasta
Dziękuję za pomoc i życzę miłego dnia
W załączniku przesyłam zdjęcia i fakturę
Děkuji za pomoc, přeji hezký den
V příloze posílám fotografie a fakturu
Ďakujem za pomoc, prajem pekný deň
Köszönöm a segítséget, szép napot kívánok
Mellékelem a fényképeket és a számlát
Mulțumesc pentru ajutor, o zi bună
Vă trimit fotografiile și factura
Благодаря за помощта, приятен ден
Изпращам снимките и фактурата
Hvala na pomoći, ugodan dan želim
Šaljem fotografije i račun
Хвала на помоћи, пријатан дан
Σας ευχαριστώ για τη βοήθεια, καλή σας μέρα
Σας στέλνω τις φωτογραφίες και το τιμολόγιο
Спасибо за помощь, хорошего дня
Отправляю вам фотографии и счёт
Дякую за допомогу, гарного дня
Надсилаю фотографії та рахунок
Yardımınız için teşekkürler, iyi günler
Ekte fotoğrafları ve faturayı gönderiyorum
شكرا لكم على المساعدة مع أطيب التحيات
اشتريت تلفزيون وتلفون خلال العطلة
با تشکر از کمک شما، روز خوبی داشته باشید
תודה רבה על העזרה ויום נעים
आपकी सहायता के लिए धन्यवाद
มีสีที่แตกต่างกันให้เลือกสองสี
ขอบคุณมากสำหรับความช่วยเหลือ
Cảm ơn bạn rất nhiều vì đã giúp đỡ
Tôi gửi kèm ảnh và hóa đơn
Terima kasih banyak atas bantuan Anda
Saya lampirkan foto dan faktur di sini
ご対応ありがとうございます。よろしくお願いします
写真と領収書を添付します
도와주셔서 감사합니다. 좋은 하루 보내세요
그는 일부러 천천히 걸었습니다
谢谢您的帮助，祝您生活愉快
附件是照片和发票，請查收
"""
PACKAGINGS = """
crate|Außenseite|carton d'emballage|embalaje exterior|involucro|embalagem|verzenddoos
förpackning|emballage|pappeske|pakkaus|karton zewnętrzny|krabice|obal|doboz|cutie
кашон|kutija|кутија|κουτί|картонный ящик|упаковка зовні|ambalaj|الصندوق|صورة_التغليف
بسته بندی|קופסה|האריזה|डिब्बा|กล่อง|bao bì|kemasan|bungkus|外装|상자|纸箱|紙箱|包裝盒
"""
CONTENT_NAMES = """
insides|Inhalt|contenu|contenido|contenuto|conteúdo|inhoud|innehåll|indhold|innhold
sisältö|zawartość|obsah|obsah zásielky|tartalom|conținut|съдържание|sadržaj|садржај
περιεχόμενο|содержимое|вміст|içindekiler|محتويات الطرد|المحتوى|محتویات|תכולה|सामग्री
สิ่งของภายใน|nội dung|isi paket|kandungan|中身|내용물|内件|內容
"""
RECEIPTS = """
proof of purchase|Quittung|facture|comprobante|scontrino|nota fiscal|kassabon|kvitto
kvittering|kontoutdrag|kuitti|paragon|účtenka|doklad o koupi|számla|bon fiscal
касова бележка|račun|рачун|τιμολόγιο|квитанция|рахунок|dekont|فاتورة|الفاتورة|فاکتور
חשבונית|चालान|ใบเสร็จ|hóa đơn|struk|resit|領収証|영수증|发票|發票
"""
NOTICES = """
Order confirmation|Versandmitteilung|Récapitulatif de commande|Hemos recibido tu pedido
Riepilogo ordine|Pedido recebido|Bestelling ontvangen|Orderbekräftelse|Ordrebekræftelse
Bestillingsbekreftelse|Tilausvahvistus|Przyjęliśmy zamówienie|Potvrzení objednávky
Potvrdenie objednávky|Rendelés visszaigazolása|Confirmare comandă
Потвърждение на поръчка
Potvrda narudžbe|Потврда поруџбине|Επιβεβαίωση παραγγελίας|Благодарим за покупку
Підтвердження замовлення|Sipariş onayı|تأكيد الطلب|تایید سفارش|אישור הזמנה
आपका ऑर्डर|ยืนยันคำสั่งซื้อ|Xác nhận đơn hàng|Konfirmasi pesanan|Pengesahan pesanan
受注確認|주문 접수|订单已确认|訂單成立
"""
PICTURES = """
photograph|Aufnahme|fotografie|imagen|immagine|imagem|afbeelding|bild|billede|bilde
kuva|zdjęcie|obrázek|fotka|kép|poză|снимка|slika|слика|φωτογραφία|изображение|світлина
fotoğraf|صورة|الصور|عکس|תמונה|फोटो|รูปถ่าย|hình ảnh|gambar|写真|사진|照片|圖片
"""
SCREENS = """
screenshot|Bildschirmfoto|capture d'écran|pantallazo|schermata|captura de tela
schermafdruk|skärmbild|skærmbillede|skjermbilde|kuvakaappaus|zrzut ekranu
snímek obrazovky|snímka obrazovky|képernyőfotó|captură de ecran|екранна снимка
snimka zaslona|снимак екрана|στιγμιότυπο οθόνης|снимок экрана|знімок екрана
ekran görüntüsü|لقطة شاشة|اسکرین شات|צילום מסך|स्क्रीनशॉट|ภาพหน้าจอ
ảnh chụp màn hình|tangkapan layar|tangkapan skrin|スクショ|스크린샷|截屏|螢幕截圖
"""
CLAIMS = """
reimbursement|Schadensfall|indemnisation|indemnización|risarcimento|indenização|klacht
ersättning|erstatning|korvaus|roszczenie|odškodnění|náhrada|kártérítés|despăgubire
обезщетение|odšteta|жалба|αποζημίωση|претензия|відшкодування|tazminat|تعويض|مطالبة
غرامت|תביעה|मुआवजा|เคลม|khiếu nại|klaim|tuntutan|補償|보상|理赔|理賠
"""
ORDERS = """
order|Bestellung|commande|pedido|ordine|encomenda|bestelling|beställning|ordre|tilaus
zamówienie|objednávka|rendelés|comandă|поръчка|narudžba|поруџбина|παραγγελία|заказ
замовлення|sipariş|الطلب|سفارش|הזמנה|ऑर्डर|คำสั่งซื้อ|đơn hàng|pesanan|注文|주문|订单|訂單
"""


def each(table: str) -> list[str]:
    """Return the entries of a table: between bars and line ends."""
    return [
        one.strip() for line in table.strip().splitlines() for one in line.split("|")
    ]


def kinds(text: str) -> set[ClaimType]:
    """Return the kind with and without a delivery on record."""
    return {claim_type(text, SUBJECT, was_delivered=was)[0] for was in (True, None)}


@pytest.mark.parametrize("text", each(DAMAGED))
def test_damage_is_understood_in_every_language(text: str) -> None:
    assert kinds(text) == {ClaimType.DAMAGE}


@pytest.mark.parametrize("text", each(LOST))
def test_a_lost_parcel_is_understood_in_every_language(text: str) -> None:
    assert claim_type(text, SUBJECT, was_delivered=None)[0] is ClaimType.TOTAL_LOSS


@pytest.mark.parametrize("text", each(PARTLY))
def test_missing_contents_are_understood_in_every_language(text: str) -> None:
    assert kinds(text) == {ClaimType.PARTIAL_LOSS}


@pytest.mark.parametrize("text", each(ORDINARY))
def test_ordinary_sentences_tell_of_no_harm(text: str) -> None:
    assert not tells_of_harm(text, SUBJECT)
    assert not is_withdrawal(text)


@pytest.mark.parametrize("text", each(PACKAGINGS))
def test_packaging_is_named_in_every_language(text: str) -> None:
    assert names_packaging(f"{text}1.jpg")


@pytest.mark.parametrize("text", each(CONTENT_NAMES))
def test_contents_are_named_in_every_language(text: str) -> None:
    assert names_contents(f"{text}.jpg")


@pytest.mark.parametrize("text", each(RECEIPTS))
def test_receipts_are_named_in_every_language(text: str) -> None:
    assert names_invoice(f"{text}.pdf")


@pytest.mark.parametrize("text", each(NOTICES))
def test_order_notifications_are_known_in_every_language(text: str) -> None:
    assert names_notification(text)


@pytest.mark.parametrize("text", each(PICTURES))
def test_pictures_are_named_in_every_language(text: str) -> None:
    assert names_photographs(f"{text}_2.jpg")


@pytest.mark.parametrize("text", each(SCREENS))
def test_screenshots_are_named_in_every_language(text: str) -> None:
    assert names_a_screenshot(f"{text}.png")


@pytest.mark.parametrize("text", each(CLAIMS))
def test_claims_are_named_in_every_language(text: str) -> None:
    assert names_a_claim(text)


@pytest.mark.parametrize("text", each(ORDERS))
def test_orders_are_named_in_every_language(text: str) -> None:
    assert names_an_order(text)


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("مَكْسُورَة", "مكسوره"),
        ("أضرار", "اضرار"),
        ("هدیهٔ ی ک", "هديه ي ك"),
        ("שָׁבוּר", "שבור"),
        ("٣٤٥٫٥٠ ۱۲ १२ ๑๒", "345.50 12 12 12"),
        ("टूटा", "टूटा"),
        ("Đồng hồ bị vỡ", "dong ho bi vo"),
    ],
)
def test_letters_that_are_written_in_several_ways_fold_to_one(
    written: str, compared: str
) -> None:
    assert fold(written) == compared


def test_a_number_is_parted_from_a_name_in_any_script() -> None:
    assert spread("صندوق1_أمام.jpg") == "صندوق 1 امام.jpg".replace(".", " ")


def test_a_list_bounds_its_terms_as_they_are_marked() -> None:
    terms = Terms("crack *schaden ding! get_wet كسر 破")

    found = [
        text
        for text in (
            "cracked",
            "wisecrack",
            "wasserschaden",
            "ding",
            "dinge",
            "get wet",
        )
        if terms.search(text)
    ]
    assert found == ["cracked", "wasserschaden", "ding", "get wet"]
    assert all(terms.search(text) for text in ("وبالكسر", "外箱破了"))
    assert not terms.search("عسكسر")


def test_no_list_is_compiled_before_it_is_asked() -> None:
    code = (
        "from worker.domain import lexicon, wording\n"
        "lists = [v for v in vars(lexicon).values() if isinstance(v, lexicon.Terms)]\n"
        "assert lists\n"
        "assert not any('_compiled' in vars(one) for one in lists)\n"
    )

    ended = subprocess.run([sys.executable, "-c", code], check=False, timeout=30)  # noqa: S603 - our own code

    assert ended.returncode == 0


@pytest.mark.parametrize(
    "name", [name for name in dir(lexicon) if isinstance(getattr(lexicon, name), Terms)]
)
def test_a_text_of_latin_letters_is_searched_for_fewer_terms_and_says_the_same(
    name: str,
) -> None:
    terms: Terms = getattr(lexicon, name)
    every = re.compile(terms.pattern)
    text = "my parcel was lost, the tea set is broken; la caja llego rota. kaputt!"

    for clause in (text, *text.split(), *terms.pattern.replace("|", " ").split("?")):
        folded = fold(clause)
        found = [one.span() for one in terms.finditer(folded)]
        assert found == [one.span() for one in every.finditer(folded)]
