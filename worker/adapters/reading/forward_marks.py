"""How mail programs of many languages mark a forwarded or quoted mail.

The languages are those of Gmail, Outlook, Apple Mail, Thunderbird, QQ and 163. Source:
our choice, after the marks in those programs and in the corpus.
"""

import re

from worker.domain.lexicon.headers import FIELD_BY_LABEL

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
