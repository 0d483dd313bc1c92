"""The words of vacation responders, for those whose headers say nothing.

Texts come in plain form, as in `bounces`. Source: RFC 3834 §3.1.5 (subjects of
automatic responses), and the subjects that mail programs give theirs.
"""

import re

TEXT_CHARACTERS = 600


def is_subject(subject: str) -> bool:
    """Return whether a responder may have written this subject; a person may, too."""
    return _SUBJECT.match(subject) is not None


def is_before_ours(subject: str) -> bool:
    """Return whether responder's words stand in front of the subject of a claim."""
    found = _SUBJECT.match(subject)
    return found is not None and _OURS.search(subject, found.end()) is not None


def tells_absence(text: str) -> bool:
    """Return whether a text begins by saying that nobody reads mail now."""
    return _TEXT.search(text[:TEXT_CHARACTERS]) is not None


def is_response(text: str) -> bool:
    """Return whether a text calls itself an automatic answer to a mail."""
    return _SELF_NAMED.search(text[:TEXT_CHARACTERS]) is not None


_SUBJECT = re.compile(
    r"[\[(]?(?:auto(?:matic|mated)?[- ]?(?:reply|response|responder)"
    r"|(?:auto: |[^+]{0,60} is |i am |i'm )?out[- ]of[- ](?:the[- ])?office"
    r"|ooo|vacation (?:reply|response)|away from (?:the )?(?:office|my e?-?mail)"
    r"|automatische (?:antwort|abwesenheit|r[üu]ckantwort)|abwesenheit"
    r"|(?:ich bin )?nicht im b[üu]ro"
    r"|r[ée]ponse automatique|message automatique|absence du bureau"
    r"|(?:notification|message) d.absence|absent du bureau"
    r"|respuesta autom[áa]tica|fuera de (?:la )?oficina"
    r"|risposta automatica|fuori (?:sede|ufficio)|assente dall"
    r"|automatisch (?:antwoord|bericht)|afwezigheid|niet op kantoor"
    r"|resposta autom[áa]tica|fora do escrit[óo]rio|aus[êe]ncia tempor[áa]ria"
    r"|autosvar|automatiskt? svar|fr[åa]nvaro|frav[æa]r|automaattinen vastaus"
    r"|poissa toimistosta|odpowied[źz] automatyczna|automatyczna odpowied"
    r"|autoodpowied|automatick[áa] odpov|automatikus v[áa]lasz"
    r"|otomatik (?:yan|cevap)|автоответ|автоматический ответ|вне офиса"
    r"|自动(?:回复|答复|回覆)|自動(?:回覆|回复|答覆|返信|応答)|不在(?:通知|連絡|のお知らせ)"
    r"|자동 ?(?:회신|응답|답장)|부재 ?중|i(?:'m| am) on (?:leave|vacation|holiday)"
    r"|auto-?antwort|urlaubsmeldung|absence (?:temporaire|du bureau)|en congés?\b"
    r"|ausente de la oficina|mensaje automático|messaggio automatico|in ferie\b"
    r"|mensagem automática|automatisch beantwoord|ikke på kontoret|inte på kontoret"
    r"|automatisk (?:svar|besvarelse)|poza biurem|nieobecność|mimo kancelář"
    r"|automatická zpráva|neprítomnosť|nepřítomnost|házon kívül|irodán kívül"
    r"|răspuns automat|în afara biroului|автоматич(?:ен|на) отговор|извън офиса"
    r"|automatski odgovor|аутоматски одговор|izvan ureda|αυτόματη απάντηση"
    r"|εκτόσ γραφείου|автоматична відповідь|автовідповідь|поза офісом|нет на месте"
    r"|ofis dışında|رد تلقائي|الرد التلقائي|خارج المكتب|پاسخ خودکار|מענה אוטומטי"
    r"|תשובה אוטומטית|מחוץ למשרד|स्वचालित (?:उत्तर|जवाब)|कार्यालय से बाहर"
    r"|(?:การ)?ตอบกลับอัตโนมัติ|ไม่อยู่ที่สำนักงาน|trả lời tự động|thư trả lời tự động"
    r"|vắng mặt|balasan otomatis|jawaban otomatis|balasan automatik|di luar kantor"
    r"|不在办公室|不在辦公室|外出(?:中|通知)|休暇(?:中|のお知らせ))(?![a-z]*@)"
)
_OURS = re.compile(r"\S ?\+ ?[^+]{0,40}\d[^+]{0,40}\+ ?claim\b|\[#clm-\d")
_TEXT = re.compile(
    r"out of (?:the )?office|on (?:annual |parental |sick )?(?:leave|vacation|holiday)"
    r"|(?:i am|i'm|i will be) (?:currently )?(?:away|absent|travell?ing)"
    r"|(?:return|back) (?:to the office|on|in the office)"
    r"|limited access to (?:my )?e?-?mail"
    r"|auto(?:matic|mated)(?:ally)?[- ](?:reply|response|generated)"
    r"|nicht im (?:b[üu]ro|haus)|im urlaub|abwesend|au[ßs]er haus|wieder erreichbar"
    r"|absente? (?:du|de|jusqu)|en cong[ée]|de retour le|fuera de (?:la )?oficina"
    r"|de vacaciones|ausente|fuori (?:sede|ufficio)|in ferie|afwezig|met vakantie"
    r"|de f[ée]rias|fora do escrit[óo]rio|p[åa] (?:semester|ferie)|urlop|nieobecn"
    r"|poissa toimistosta|lomalla|på (?:semester|ferie)|na dovolené|na dovolenke"
    r"|szabadságon|în concediu|в отпуск\b|на одмор|na godišnjem|σε άδεια|у відпустці"
    r"|izindeyim|yıllık izin|في إجازة|در مرخصی|בחופשה|छुट्टी पर|ลาพัก|nghỉ phép"
    r"|sedang cuti"
    r"|在休假|請假|请假|в отпуске|не в офисе|休假|出差|不在|休暇|외출|휴가|출장|부재"
)
_SELF_NAMED = re.compile(
    r"this is an auto(?:matic|mated|matically generated)?[- ](?:reply|response)"
    r" to (?:your|the) (?:e?-?mail|message)"
    r"|automatische antwort auf ihre (?:e-?mail|nachricht)"
    r"|r[ée]ponse automatique [àa] votre (?:message|e-?mail|courriel)"
    r"|respuesta autom[áa]tica a su (?:mensaje|correo)"
)
