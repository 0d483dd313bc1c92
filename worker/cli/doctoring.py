"""`claims doctor`: checks every part for real and says what to change."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from rich.markup import escape

from worker.adapters import dkim_check, migrations
from worker.adapters.imap import ImapMailbox
from worker.adapters.imap_drafts import ImapDrafts
from worker.adapters.queue import answers
from worker.adapters.resources import folder
from worker.adapters.smtp import SmtpTransport
from worker.bootstrap import Parts
from worker.cli.console import out
from worker.cli.refusals import REASONS
from worker.domain.counting import counted
from worker.domain.errors import GiveUp, RetryLater, SettingsInvalid
from worker.domain.reply import ReplyKind
from worker.ports import Drafts, MailboxGone, ReadFailed
from worker.samples import every_reply
from worker.settings import Settings

MICROSOFT_MAILBOXES = (".office365.com", ".outlook.com")
NEEDED_PARTS = ("subject.txt", "body.txt", "body.html")
ADVICE = {
    "unreachable": "nothing answers at that host and port",
    "login_refused": "user or password is wrong, or IMAP is switched off for it",
    "timeout": "the server does not answer in time",
    "bye": "the server ended the connection",
    "protocol": "the server answers something else than IMAP",
    "no_such_mailbox": "the folder in the URL does not exist",
    "tls": "no TLS, or its certificate does not hold",
    "refused": "the server lets nothing be laid there, or the folder be made",
    "left": "a mail could be laid there, and not be taken away again",
}

ORDERS_ADVICE = {
    "orders_unreachable": "nothing answers at CLAIMS_ORDERS_URL",
    "orders_timeout": "it does not answer in time",
    "orders_tls": "its certificate does not hold",
    "orders_login_refused": "CLAIMS_ORDERS_TOKEN is not accepted",
    "orders_unclear_404": "the path of CLAIMS_ORDERS_URL leads elsewhere",
    "orders_busy": "it has no time for us now",
}
OTHER_ANSWER = "CLAIMS_ORDERS_URL answers something else than docs/orders-api.md says"


class Trouble(Exception):
    """A check failed; the text says what to change."""


@dataclass(slots=True)
class Examination:
    """Runs checks one after the other and remembers whether any failed."""

    parts: Parts
    is_well: bool = True
    warnings: list[str] = field(default_factory=list)

    def check(self, name: str, look: Callable[[Parts], str]) -> None:
        """Run one check and print its line."""
        with self._reported(name):
            self._say("[green]✓[/]", name, look(self.parts))

    def warn(self, name: str, text: str) -> None:
        """Print something that works and should still be changed."""
        self._say("[yellow]![/]", name, text)

    @contextmanager
    def _reported(self, name: str) -> Iterator[None]:
        try:
            yield
        except (Trouble, SettingsInvalid) as error:
            self._failed(name, str(error))
        except (RetryLater, GiveUp) as error:
            self._failed(name, REASONS.get(error.reason, error.reason))

    def _failed(self, name: str, text: str) -> None:
        self.is_well = False
        self._say("[red]✗[/]", name, text)

    def _say(self, mark: str, name: str, text: str) -> None:
        out.print(f"{mark} {name:<14} {escape(text)}", soft_wrap=True)


def examine(settings: Settings) -> bool:
    """Print one line a part; return whether everything is well."""
    examination = Examination(Parts(settings, role="doctor"))
    for name, look in (
        ("Database", _database),
        ("Redis", _redis),
        ("Raw store", _raw_store),
        ("Policy", _policy),
        ("Templates", _templates),
        ("Mailbox", _mailbox),
        ("Relay", _relay),
        ("Reader", _reader),
        ("Pictures", _pictures),
        ("Signatures", _signatures),
        ("Orders", _orders),
        ("Sent folder", _sent_folder),
    ):
        examination.check(name, look)
    if settings.drafts_url is not None:
        examination.check("Drafts", _drafts)
        examination.check("Notes", _notes)
    _warn(examination, settings)
    examination.parts.close()
    return examination.is_well


def _database(parts: Parts) -> str:
    have, want = migrations.current(parts.database_url), migrations.latest()
    if migrations.is_behind(parts.database_url):
        raise Trouble(f"schema {have or 'none'}, needs {want}: run `claims migrate`")
    name = parts.store.database.engine.dialect.name
    return f"{name}, schema {have}"


def _redis(parts: Parts) -> str:
    if not answers(parts.redis_url):
        raise Trouble("does not answer: check CLAIMS_REDIS_URL")
    return "answers" if parts.embedded_redis is None else "embedded, answers"


def _raw_store(parts: Parts) -> str:
    stored = parts.raw.put([b"claims doctor\n"])
    if parts.raw.get(stored.sha256) != b"claims doctor\n":
        raise Trouble("gave back something else than was stored")
    return "stores and gives back"


def _policy(parts: Parts) -> str:
    return f"version {parts.policy.version}"


def _templates(parts: Parts) -> str:
    root = folder("templates") / "emails"
    missing = [
        f"{kind}/{part}"
        for kind in ReplyKind
        for part in NEEDED_PARTS
        if not (root / kind / part).is_file()
    ]
    if missing:
        raise Trouble(f"missing: {', '.join(missing)}")
    rendered = 0
    for name, replies in every_reply().items():
        for reply in replies:
            try:
                parts.renderer.render(reply.kind, reply.facts, locale=reply.locale)
            except GiveUp:
                raise Trouble(f"the template {reply.kind} fails ({name})") from None
            rendered += 1
    return f"{counted(rendered, 'sample')} of {len(ReplyKind)} kinds rendered"


def _mailbox(parts: Parts) -> str:
    parts.settings.need("mailbox_url")
    mailbox = parts.open_mailbox()
    try:
        state = mailbox.open()
        if not isinstance(mailbox, ImapMailbox):
            return counted(state.exists, "mail")
        probe = mailbox.probe()
    except MailboxGone as error:
        raise Trouble(
            f"{ADVICE.get(error.code, error.code)}: CLAIMS_MAILBOX_URL"
        ) from None
    finally:
        mailbox.close()
    can = [name for name in ("IDLE", "MOVE", "UIDPLUS") if name in probe.capabilities]
    took = round(probe.round_trip.total_seconds() * 1000)
    words = ", ".join(can) or "no IDLE: polled"
    mails = counted(state.exists, "mail")
    return f"{mails}, UIDVALIDITY {state.uidvalidity}, {words}, {took} ms"


def _relay(parts: Parts) -> str:
    parts.settings.need("smtp_url")
    url = parts.settings.smtp_url
    transport = SmtpTransport(url.get_secret_value() if url else "")
    try:
        probe = transport.probe()
    finally:
        transport.close()
    if probe.code != "ok":
        raise Trouble(f"{probe.code}: check CLAIMS_SMTP_URL")
    words = "encrypted" if probe.is_encrypted else "not encrypted"
    if probe.is_login_in_clear:
        words += ", password in clear"
    return f"takes mail, {words}"


def _reader(parts: Parts) -> str:
    raw = b"From: a@example.org\r\nSubject: claims doctor\r\n\r\nhello\r\n"
    stored = parts.raw.put([raw])
    mail = parts.reader.read(stored.sha256)
    if mail.subject != "claims doctor":
        raise Trouble("the reader child reads something else")
    return "a child reads mail within its limits"


def _pictures(parts: Parts) -> str:
    if not parts.settings.ocr:
        return "switched off by CLAIMS_OCR: staff read screenshots and scans"
    if parts.scanner is None:
        return "extra `ocr` not installed: staff read screenshots and scans"
    raw = b"From: a@example.org\r\nSubject: claims doctor\r\n\r\nhello\r\n"
    try:
        parts.scanner.texts(parts.raw.put([raw]).sha256, ())
    except ReadFailed as error:
        raise Trouble(f"the OCR child fails ({error.code})") from None
    return "a child reads screenshots and scans"


def _signatures(parts: Parts) -> str:
    if not parts.settings.dkim:
        return "left to our own mail server (CLAIMS_DKIM is off)"
    try:
        dkim_check.dns_key("_domainkey.example.org", dkim_check.LOOKUP_SECONDS)
    except OSError:
        raise Trouble(
            "the DNS does not answer: no DKIM key can be looked up, so nobody is proven"
        ) from None
    return "DKIM is checked here, keys come from the DNS"


def _orders(parts: Parts) -> str:
    if parts.orders_http is not None:
        code = parts.orders_http.probe()
        if code:
            raise Trouble(f"{code}: {ORDERS_ADVICE.get(code, OTHER_ANSWER)}")
        return "the shop's own directory answers"
    count = parts.store.orders.count()
    if count == 0:
        raise Trouble("the directory is empty: run `claims orders import FILE.csv`")
    return counted(count, "order")


def _drafts(parts: Parts) -> str:
    return _lays_mails(parts.drafts)


def _notes(parts: Parts) -> str:
    return _lays_mails(parts.notes)


def _lays_mails(folder: Drafts | None) -> str:
    if not isinstance(folder, ImapDrafts):
        return "not in a mailbox"
    try:
        is_tried = folder.probe()
    except (RetryLater, GiveUp) as error:
        code = error.reason.removeprefix("drafts_")
        raise Trouble(f"{ADVICE.get(code, code)}: CLAIMS_DRAFTS_URL") from None
    if not is_tried:
        return (
            "the folder is there; not tried: a mail could not be taken away (UIDPLUS)"
        )
    return "a mail was laid there and taken away"


def _sent_folder(parts: Parts) -> str:
    if parts.sent_folder is None:
        return "not looked at (CLAIMS_DRAFTS_URL and CLAIMS_SENT_FOLDER)"
    try:
        count = parts.sent_folder.probe()
    except RetryLater as error:
        code = error.reason.removeprefix("sent_")
        raise Trouble(
            f"{ADVICE.get(code, code)}: CLAIMS_SENT_FOLDER, CLAIMS_DRAFTS_URL"
        ) from None
    return f"{counted(count, 'mail')}, read only"


def sender_warnings(settings: Settings) -> Iterator[str]:
    """Yield what keeps senders from being proven, or proves them too easily."""
    url = settings.mailbox_url
    host = urlsplit(url.get_secret_value()).hostname if url else None
    is_microsoft = host is not None and host.lower().endswith(MICROSOFT_MAILBOXES)
    has_names = bool(settings.trusted_authserv and settings.trusted_mx)
    if settings.auth_profile == "microsoft365":
        yield (
            "microsoft365 holds only where the MX of the domain is Microsoft's own"
            " (*.mail.protection.outlook.com), and a transport rule of the tenant"
            " removes Authentication-Results from mail that connectors let in"
        )
        if host is not None and not is_microsoft:
            yield "CLAIMS_AUTH_PROFILE is microsoft365, and the mailbox is elsewhere"
    elif is_microsoft and not has_names:
        yield "the mailbox is Microsoft's: set CLAIMS_AUTH_PROFILE=microsoft365"
    elif not has_names and not settings.dkim:
        yield (
            "nobody can be proven (tier A): set CLAIMS_TRUSTED_MX and"
            " CLAIMS_TRUSTED_AUTHSERV, or CLAIMS_DKIM=on"
        )


def _warn(examination: Examination, settings: Settings) -> None:
    for warning in sender_warnings(settings):
        examination.warn("Senders", warning)
    if settings.go_live is None:
        examination.warn(
            "Go-live",
            "CLAIMS_GO_LIVE is not set: mail from before the first connect is stored"
            " and its answers are held",
        )
    if settings.from_ == "claims@localhost":
        examination.warn("From", "CLAIMS_FROM is not set: answers come from localhost")
    if settings.secret_key is None:
        examination.warn(
            "Secret key",
            "CLAIMS_SECRET_KEY is not set: it is kept in the data folder, so several"
            " machines would not share it",
        )
    if settings.orders_url is not None and settings.orders_token is None:
        examination.warn(
            "Orders",
            "CLAIMS_ORDERS_TOKEN is not set: the directory asks nobody who they are",
        )
    if settings.drafts_url is None:
        examination.warn("Drafts", "CLAIMS_DRAFTS_URL is not set: drafts stay here")
