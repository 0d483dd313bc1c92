"""What mail programs call the header fields of a mail that they quote or print."""

import re

LABELS = {
    "from": """
        from, de, von, da, van, od, från, fra, lähettäjä, от, от кого, kimden, gönderen,
        feladó, de la, από, expéditeur, remitente, mittente, afzender, absender,
        nadawca, odesílatel, 发件人, 寄件人, 寄件者, 发信人, 差出人, 送信者, 送信元,
        보낸사람, 보낸 사람,
        від, від кого, šalje, pošiljatelj, шаље, од, odosielateľ, من, المرسل, از,
        فرستنده, מאת, प्रेषक, จาก, ผู้ส่ง, từ, người gửi, dari, pengirim, daripada,
        αποστολέας, 发件者, 보낸이
        """,
    "date": """
        date, sent, datum, gesendet, gesendet am, envoyé, envoyé le, enviado,
        enviado el, enviado em, enviada em, fecha, inviato, data, verzonden, wysłano,
        skickat, sendt, dato, lähetetty, päivämäärä, pvm, odesláno, дата, отправлено,
        gönderildi, tarih,
        elküldve, dátum, trimis, ημερομηνία, στάλθηκε, 发送时间, 发送日期, 日期,
        时间, 寄件日期, 傳送時間, 送信日時, 送信日, 日付, 日時, 날짜, 보낸 날짜,
        odoslané, datum odeslání, надіслано, изпратено, poslano, poslato, послато,
        датум,
        εστάλη, ημερομηνία αποστολής, التاريخ, تاريخ الإرسال, تم الإرسال, أرسلت, تاریخ,
        ارسال شده, תאריך, נשלח, दिनांक, तारीख, भेजा गया, วันที่, ส่งเมื่อ, ngày, đã gửi,
        tanggal, dikirim, terkirim, tarikh, dihantar, 發送時間, 發送日期, 時間, 보낸
        시간
        """,
    "to": """
        to, an, à, pour, a, para, aan, do, till, til, vastaanottaja, komu, кому, kime,
        alıcı, címzett, către, προς, destinatario, destinataire, empfänger, 收件人,
        收件者, 宛先, 받는사람, 받는 사람,
        до, za, prima, за, прима, إلى, المستلم, به, گیرنده, אל, प्रति, ถึง, ผู้รับ, đến,
        tới, người nhận, kepada, untuk, ontvanger, mottagare, modtager, odbiorca,
        příjemce,
        받는이
        """,
    "subject": """
        subject, betreff, objet, sujet, asunto, assunto, oggetto, onderwerp, temat,
        ämne, emne, aihe, předmět, тема, konu, tárgy, subiect, θέμα, 主题, 主題, 主旨,
        标题, 標題, 件名, 제목,
        предмет, predmet, относно, наслов, naslov, الموضوع, موضوع, נושא, विषय, เรื่อง,
        หัวเรื่อง, chủ đề, tiêu đề, perihal, subjek, perkara
        """,
    "cc": """
        cc, bcc, kopie, copie, copia, kopia, kopi, копия, 抄送, 副本, 참조, reply-to,
        antwort an
        """,
}
"""What the lines above a forwarded mail are called."""

FIELD_BY_LABEL = {
    " ".join(label.split()): field
    for field, all_of in LABELS.items()
    for label in all_of.split(",")
}


def line_of(*fields: str) -> re.Pattern[str]:
    """Return what finds the beginning of a line that names one of the fields."""
    names = [label for label, field in FIELD_BY_LABEL.items() if field in fields]
    longest_first = sorted(map(re.escape, names), key=len, reverse=True)
    return re.compile(
        rf"^[\W_]{{0,3}}(?:{'|'.join(longest_first)})[*_ \t\u00a0]{{0,4}}[:：]",
        re.IGNORECASE | re.MULTILINE,
    )
