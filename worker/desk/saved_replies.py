"""Texts that people send often, in the languages of the e-mails.

A placeholder is `[lower case words]`; a reply with one is not sent. They name in
English what to fill in, since whoever writes reads English.
"""

from dataclasses import dataclass

from worker.domain.clauses import CLAUSES, ClauseId
from worker.domain.reply import language_of
from worker.domain.written import WrittenKind as K

LANGUAGES = {"en": "English", "de": "German", "es": "Spanish", "zh": "Chinese"}


@dataclass(frozen=True, slots=True)
class SavedReply:
    """One text; `kinds` are the replies that it suits."""

    key: str
    title: str
    kinds: frozenset[K]
    texts: dict[str, str]

    def text(self, locale: str) -> str:
        """Return the text in the member's language."""
        return self.texts[language_of(locale)]


SAVED = (
    SavedReply(
        "missing",
        "Please send something that is missing",
        frozenset({K.ASK}),
        {
            "en": "Please send us [what is missing], so that we can go on.",
            "de": "Bitte senden Sie uns [what is missing], damit wir weitermachen"
            " können.",
            "es": "Envíenos [what is missing] para que podamos continuar.",
            "zh": "请将[what is missing]发送给我们，以便我们继续处理。",
        },
    ),
    SavedReply(
        "photographs",
        "Please send better photographs",
        frozenset({K.ASK}),
        {
            "en": "We cannot see enough in the photographs. Please send new ones that"
            " show [what to show], in good light and from close by.",
            "de": "Auf den Fotos ist zu wenig zu erkennen. Bitte senden Sie neue, auf"
            " denen [what to show] bei gutem Licht und aus der Nähe zu sehen ist.",
            "es": "En las fotos no se ve lo suficiente. Envíe otras que muestren"
            " [what to show], con buena luz y de cerca.",
            "zh": "照片不够清楚。请在光线充足的地方近距离重新拍摄[what to show]并发送给"
            "我们。",
        },
    ),
    SavedReply(
        "unclear",
        "Please explain something",
        frozenset({K.ASK}),
        {
            "en": "One thing is not clear to us: [what is not clear]. Please tell us"
            " how it was.",
            "de": "Eines ist uns nicht klar: [what is not clear]. Bitte schreiben Sie"
            " uns, wie es war.",
            "es": "Hay algo que no nos queda claro: [what is not clear]. Cuéntenos cómo"
            " fue.",
            "zh": "有一点我们不清楚：[what is not clear]。请告诉我们当时的情况。",
        },
    ),
    SavedReply(
        "carrier",
        "We have asked the carrier",
        frozenset({K.RESPOND}),
        {
            "en": "We have asked the carrier where your package is, and expect an"
            " answer by [date].",
            "de": "Wir haben beim Paketdienst nachgefragt, wo Ihr Paket ist, und"
            " erwarten die Antwort bis zum [date].",
            "es": "Hemos preguntado al transportista dónde está su paquete y esperamos"
            " su respuesta antes del [date].",
            "zh": "我们已向承运商查询您的包裹，预计在[date]之前收到答复。",
        },
    ),
    SavedReply(
        "longer",
        "It takes us longer",
        frozenset({K.RESPOND}),
        {
            "en": "We are sorry that this takes longer. We still have to check"
            " [what is checked].",
            "de": "Es tut uns leid, dass es länger dauert. Wir müssen noch prüfen:"
            " [what is checked].",
            "es": "Lamentamos que tarde más. Todavía tenemos que comprobar"
            " [what is checked].",
            "zh": "很抱歉需要更长时间。我们还需要核实[what is checked]。",
        },
    ),
    SavedReply(
        "part",
        "Why a part is approved",
        frozenset({K.APPROVE}),
        {
            "en": "We could not accept [what is not accepted], because [why].",
            "de": "Nicht anerkennen konnten wir [what is not accepted], weil [why].",
            "es": "No hemos podido aceptar [what is not accepted] porque [why].",
            "zh": "我们无法认可[what is not accepted]，原因是[why]。",
        },
    ),
    SavedReply(
        "evidence",
        "What could change the decision",
        frozenset({K.REJECT}),
        {
            "en": "If you have [what would show it], please send it with your appeal.",
            "de": "Falls Sie [what would show it] haben, senden Sie es bitte mit Ihrem"
            " Einspruch.",
            "es": "Si tiene [what would show it], envíelo con su recurso.",
            "zh": "如果您有[what would show it]，请在申诉时一并提供。",
        },
    ),
)
_QUOTES = {
    "en": "Clause {clause} says: “{text}”",
    "de": "Klausel {clause} lautet (auf Englisch): “{text}”",
    "es": "La cláusula {clause} dice (en inglés): “{text}”",
    "zh": "条款{clause}规定（英文原文）：“{text}”",
}
_OPEN_AMOUNT = "[why this amount]"


def saved_for(kind: K) -> list[SavedReply]:
    """Return the texts that suit a kind of reply."""
    return [one for one in SAVED if kind in one.kinds]


def saved(key: str) -> SavedReply | None:
    """Return one text by its key."""
    return next((one for one in SAVED if one.key == key), None)


def quote(clause: ClauseId, locale: str) -> str:
    """Return a clause's text as it is put into a reply, in words of its language."""
    found = CLAUSES[clause]
    return _QUOTES[language_of(locale)].format(clause=found.clause_id, text=found.text)


def first_text(kind: K, locale: str, *, is_amount_open: bool = False) -> str:
    """Return with what the writing of a reply begins."""
    if kind is K.ASK:
        return SAVED[0].text(locale)
    return _OPEN_AMOUNT if kind is K.APPROVE and is_amount_open else ""


FIRST_TEXTS = frozenset({"", _OPEN_AMOUNT, *SAVED[0].texts.values()})
"""What nobody typed: another choice may replace it."""
