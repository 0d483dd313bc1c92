"""The words of mail systems that could not deliver, where no header says so.

Every text comes in plain form: NFKC, case-folded, single spaces (`machines.plain`).
Source: RFC 3464 §1 (bounces that are older than it), and the sentences with which
mail systems introduce themselves; measured with `bench/corpus.py`.
"""

import re

DAEMON_PART = re.compile(
    r"mailer-?_?daemon|mail-daemon|mdaemon|post_?master|microsoftexchange[0-9a-f]{8,}"
    r"|mail\.delivery\.sub?system"
)
"""Local parts under which mail systems write. Source: reliability.md 3.3."""
DAEMON_NAME = re.compile(r"mail delivery (?:sub)?system|mailer.?daemon")

OPENING_CHARACTERS = 160
"""A mail system says at once who it is; whoever writes first and quotes then is a
person. Our choice."""
NOTICE_CHARACTERS = 3_000


def is_subject(subject: str) -> bool:
    """Return whether only a mail system writes under this subject."""
    return _SUBJECT.match(subject) is not None


def may_be_subject(subject: str) -> bool:
    """Return whether a mail system, but a person as well, may write under it."""
    return _HINT.match(subject) is not None


def tells_failure(text: str) -> bool:
    """Return whether a text that a mail system wrote tells of a failed delivery."""
    return _FAILURE.search(text[:NOTICE_CHARACTERS]) is not None


def is_notice(own_text: str, text: str) -> bool:
    """Return whether the words alone show that a mail system wrote them.

    It introduces itself in its first sentence, shows the talk of two mail servers, or
    tells of a failure and gives the mail back under a line that says so. A person who
    quotes such a notice has words of their own before it.

    Args:
        own_text: what stands above the first forward or quoted reply.
        text: the whole text.
    """
    notice = own_text[:NOTICE_CHARACTERS]
    opening = _OPENING.search(notice[: 2 * OPENING_CHARACTERS])
    if opening is not None and opening.start() <= OPENING_CHARACTERS:
        return True
    if _DIALOGUE.search(notice[: 2 * OPENING_CHARACTERS]):
        return True
    has_failed = _FAILURE.search(notice) or _CODE.search(notice)
    return has_failed is not None and _RETURNED.search(text) is not None


_SUBJECT = re.compile(
    r"undelivered mail returned to sender|undeliverable mail\b|failure notice\Z"
    r"|delivery status notification\b|mail delivery failed: ?returning"
    r"|returned mail\b|mail delivery (?:fail|error|problem|warning|system|subsystem)"
    r"|mail could not be delivered|mail system error"
    r"|message undeliverable|undeliverable message"
    r"|delivery (?:failure|failed|notification)[:( ].{0,40}\bmail\b"
    r"|unzustellbare (?:mail|nachricht)|mail konnte nicht zugestellt"
    r"|courrier non d[ée]livr[ée]|correo (?:no entregado|devuelto)"
    r"|messaggio non recapitato|系统退信|退信通知|来自.{1,40}的退信|メール配信エラー"
)
_HINT = re.compile(
    r"undeliver|not delivered|could not (?:be )?deliver|delivery|returned mail|failure"
    r"|failed|bounced?\b|unable to deliver|non[- ]?delivery|message status|warning: "
    r"|unzustellbar|nicht zugestellt|zustell|nicht zustellbar|unbestellbar"
    r"|non remis|[ée]chec de (?:la )?(?:remise|livraison|distribution)|non d[ée]livr"
    r"|no se (?:puede|pudo|ha podido) entregar|no entregado|error de entrega"
    r"|mancato recapito|non recapit|impossibile recapitare|mancata consegna"
    r"|onbestelbaar|niet bezorgd|n[ãa]o (?:foi )?(?:entregue|poss[íi]vel entregar)"
    r"|falha na entrega|kan inte levereras|ikke leveret|niedostarczon|nie dostarczono"
    r"|не доставлен|недоставлен|не удалось доставить|teslim edilemedi"
    r"|kan ikke leveres|g[åa]r inte att leverera|ei voi(?:da|tu)? toimittaa"
    r"|toimittaminen ep[äa]onnistui|nie mo[żz]na dostarczy[ćc]|nedoru[čc]iteln"
    r"|nelze doru[čc]it|nemo[žz]no doru[čc]i[ťt]|k[ée]zbes[íi]thetetlen"
    r"|nelivrabil|nu a putut fi livrat|μη παραδοτ|δεν παραδόθηκε|αδυναμία παράδοσης"
    r"|не вдалося достав|неможливо достав|не може да бъде доставен|neisporu[čc]"
    r"|kh[ôo]ng th[ểe] g[ửu]i|tidak (?:dapat )?terkirim|gagal terkirim|ส่งไม่ได้"
    r"|ไม่สามารถส่ง|לא ניתן למסור|לא נמסר|تعذر (?:ال)?تسليم|غير قابل للتسليم"
    r"|退信|无法送达|未送达|投递失败|無法傳遞|未傳遞|配信不能|配信できません"
    r"|送信できませんでした|배달 ?실패|반송"
)
_FAILURE = re.compile(
    r"(?:could|can|was|were|has|have)(?: ?n.t|not| not)(?: be| been)? (?:be )?deliver"
    r"|n.t able to deliver|unable to deliver|delivery (?:to the following|has failed)"
    r"|delivery failed|invalid final delivery|did not receive this message"
    r"|undeliver|did not reach|permanent (?:fatal )?error|user unknown|unknown user"
    r"|mailbox (?:is full|unavailable|not found)|no such (?:user|recipient)|quota"
    r"|no mailbox here by that name|no valid recipients|has been postponed"
    r"|not exist|does ?n.t exist|\b5\d\d[ -]5\.\d\.\d|\bstatus: ?[45]\.\d"
    r"|created automatically by mail delivery|returned (?:mail|message|to sender)"
    r"|nicht zugestellt|unzustellbar|n'a pas pu|no (?:se )?(?:pudo|ha podido)"
    r"|non [èe] stato|не (?:может|могло|удалось)|退信|无法|配信|送信できませんでした"
)
_CODE = re.compile(
    r"\b[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}\b|\(#[45]\.\d{1,3}\.\d{1,3}\)"
    r"|remote (?:host|server) (?:said|replied)|smtp error|\b55\d[ -](?:user|unknown|<)"
)
_RECIPIENTS = r"(?:address|recipient)(?:\(e?s\)|e?s)?"
_OPENING = re.compile(
    r"this is the (?:[\w.-]{1,20} ){0,2}(?:program|mail agent|mail system"
    r"|e?-?mail (?:server|gateway))(?: at| on| v\d)|this is the mailer-daemon"
    r"|the (?:mta|mail) program at \S+ was unable"
    r"|(?:created|generated)(?: automatically)? by (?:the )?mail delivery"
    r"|automatically generated delivery status notification"
    r"|this delivery status notification is"
    r"|(?:mail|message)s? (?:could|can)(?: ?not|n.t) be delivered to one or more"
    r"|delivery to the following recipients? (?:has |have )?(?:been )?"
    r"(?:failed|delayed)(?: permanently)?[.:]"
    r"|delivery has failed to these recipients"
    r"|delivery of e?-?mail to this address .{1,80} has been postponed"
    r"|(?:unable to|not able to|n.t able to|could not|cannot) deliver "
    r"(?:your |the |a )?(?:e?-?mail|message) to the following"
    rf"|your (?:e?-?mail|message) to the following {_RECIPIENTS} (?:could|can|was)"
    r" ?no[tn]"
    r"|your message did not reach some or all of the intended recipients"
    r"|your message:? (?:to|from|subject): .{0,300}"
    r"(?:did not reach the following|could not be delivered)"
    rf"|message not delivered to the following {_RECIPIENTS}"
    rf"|following {_RECIPIENTS} (?:had (?:permanent|transient|fatal|delivery)|failed:)"
    r"|-{3,} ?failed recipients ?-{3,}|-{3,} ?failed addresses follow"
    r"|-{3,} ?transcript of session follows|-{3,} ?message log follows"
    r"|the original message was received at \S+"
    r"|message was undeliverable due to the following reason"
)
_DIALOGUE = re.compile(
    r"(?:<<<|>>>) ?(?:rcpt to|mail from|data\b|[45]\d\d[ -])"
    r"|mail from: ?\S+@\S+ rcpt to: ?\S+@|-{3,} ?server message .{0,200}"
    r"-{3,} ?smtp command"
)
_RETURNED = re.compile(
    r"below this line is a copy|(?:this|below|here|attachment) is a copy of the "
    r"(?:original |first part of the )?message|copy of the original message"
    r"|(?:included is a )?copy of the message,? ?(?:header|including)"
    r"|original message follows|unsent message (?:follows|below)"
    r"|(?:start of|-{3,}) ?returned (?:mail|message)|headers? of the original message"
    r"|message (?:headers?|text) follows?|lines of (?:your|the) (?:original )?message"
    r"|lines of the message follow|original mail as follows|mensaje original adjunto"
    r"|summary of the undelivered message|mensagem original (?:em anexo|anexada)"
    r"|kopie der (?:urspr[üu]nglichen )?nachricht|copie du message (?:original|envoy)"
    r"|原邮件(?:内容|如下)|原信内容"
)
