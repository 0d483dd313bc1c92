"""How mail programs of many languages mark a forwarded or quoted mail.

The languages are those of Gmail, Outlook, Apple Mail, Thunderbird, QQ and 163. Source:
our choice, after the marks in those programs and in the corpus.
"""

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
    label.strip(): field
    for field, all_of in LABELS.items()
    for label in all_of.split(",")
}

_SPACE = "[ \t\u00a0]*"
_ANY_LABEL = "|".join(sorted(map(re.escape, FIELD_BY_LABEL), key=len, reverse=True))
FIELD = re.compile(
    rf"^[\s>|*_]*({_ANY_LABEL}){_SPACE}[*_]*{_SPACE}[:：][*_]*{_SPACE}(.*)$",
    re.IGNORECASE,
)
"""One labelled line: `From: Shop <orders@shop.example>`, also in bold or quoted."""

_FORWARDED = (
    "forwarded|original|weitergeleitet|ursprüngliche|transféré|origine|réexpédié"
    "|reenviad|inoltrat|originale|doorgestuurd|oorspronkelijk|encaminhad|przekazan"
    "|vidarebefordr|ursprungligt|videresend|oprindelig|opprinnelig|välitetty"
    "|alkuperäinen|přeposlan|původní|пересылаем|пересланн|исходное|iletilen"
    "|preposlan|pôvodn|továbbított|eredeti üzenet|redirecționat|mesaj original|original"
    "|препратен|оригинално|proslijeđen|prosleđen|izvorna|прослеђен|προωθημέν|αρχικό"
    "|переслан|оригінальне|orijinal|معاد توجيه|معاد توجيهها|الأصلية|ارسال مجدد|הועבר"
    "|המקורית|अग्रेषित|ส่งต่อ|ต้นฉบับ|chuyển tiếp|tin nhắn gốc|diteruskan|pesan asli"
    "|dimajukan|转发|轉寄|原始邮件|原始郵件|転送|元のメッセージ|전달된|원본"
)
SEPARATOR = re.compile(
    rf"^[\s>|*]*+[-_—–=]{{2,}}+[^-_=]{{0,60}}(?:{_FORWARDED})[^-_=]{{0,60}}[-_—–=]{{2}}",
    re.IGNORECASE,
)
"""A line such as `---------- Forwarded message ---------`."""

BEGIN = re.compile(
    r"^[\s>|*_]*(?:begin forwarded message"
    r"|anfang der weitergeleiteten (?:nachricht|e-?mail)"
    r"|début du message (?:réexpédié|transféré)|inicio del mensaje reenviado"
    r"|inizio messaggio inoltrato|begin doorgestuurd bericht"
    r"|início da mensagem (?:reencaminhada|encaminhada)|vidarebefordrat brev"
    r"|начало переадресованного письма|.{0,10}转发的邮件|.{0,10}轉寄的郵件"
    r"|.{0,10}転送されたメッセージ.{0,6})\s*[:：]?\s*$",
    re.IGNORECASE,
)
"""A line such as `Begin forwarded message:`."""

WROTE = re.compile(
    r"(?:\bwrote|\bschrieb\b.{0,80}|\ba écrit|\bescribió|\bha scritto"
    r"|\bschreef\b.{0,80}|\bescreveu|\bnapisał\(?a?\)?|\bpisze|\bskrev\b.{0,80}"
    r"|\bkirjoitti|\bnapsala?|\bпишет|\bнаписала?|\byazdı|写道|寫道|のメール|書きました"
    r"|님이 작성|\bnapísala?|\bírta|\ba scris|\bнаписав|\bje (?:napisao|napisala)"
    r"|έγραψε|كتب|كتبت|نوشت|כתב(?:ה)?|ने लिखा|เขียนว่า|đã viết|\bmenulis)\s*[:：]?\s*$",
    re.IGNORECASE,
)
WROTE_ENDS = (":", "：", "写道", "寫道")
WROTE_STARTS = re.compile(
    r"^\s*(?:on|am|le|el|il|op|em|dnia|w dniu|den|på|dne|dňa|în|pe|na|u|у|на|στις"
    r"|pada|vào|ในวันที่|เมื่อ|في|در|ב|在|于|\d{4}[年/.-]|\S+@\S+"
    r"|.{1,80}<\S+@\S+>)",
    re.IGNORECASE,
)
"""The line above a quote, `On 4 Nov 2026 at 10:22, Shop wrote:`: end and beginning."""
