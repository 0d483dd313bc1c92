"""Settings to adapters: the one place that wires the parts together."""

import contextlib
import os
import re
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from worker.adapters import dkim_check, ocr, processes
from worker.adapters.clock import ShiftedClock, SystemClock
from worker.adapters.embedded_redis import EmbeddedRedis
from worker.adapters.imap import ImapMailbox
from worker.adapters.imap_drafts import ImapDrafts, ImapNotes
from worker.adapters.imap_marks import After, ImapMarker
from worker.adapters.imap_sent import ImapSent
from worker.adapters.orders_http import HttpOrders
from worker.adapters.outgoing import MailIdentity
from worker.adapters.pace import Pace
from worker.adapters.policy_file import read_policy
from worker.adapters.queue import RedisQueue, SilentQueue, answers
from worker.adapters.raw import open_raw_store
from worker.adapters.reader import ChildScanner, ReaderPool
from worker.adapters.render import JinjaRenderer
from worker.adapters.resources import folder
from worker.adapters.retention_file import read_retention
from worker.adapters.smtp import SmtpTransport
from worker.adapters.store import Store
from worker.adapters.store.desk import DeskStore
from worker.adapters.store.points_ledger import PointsLedger
from worker.domain.authentication import AuthProfile, Trust
from worker.domain.errors import SettingsInvalid
from worker.domain.policy import Policy
from worker.domain.retention import Retention
from worker.domain.subject import PERMISSIVE, IdPatterns
from worker.ingest import House
from worker.ports import (
    Clock,
    Drafts,
    Mailbox,
    Marker,
    Orders,
    Queue,
    RawStore,
    Reader,
    Renderer,
    Scanner,
)
from worker.settings import Settings

VIEWERS = 2
"""Children of a desk that open files; more people wait a moment. Our choice."""


@dataclass
class Parts:
    """Everything that a process needs, made when it is first asked for.

    `with_redis` is false for commands that leave the ringing to the sweep.
    """

    DATABASE: ClassVar = "claims.db"
    """The record's file in the data folder, where no URL is set."""

    settings: Settings
    role: str = "cli"
    with_redis: bool = True
    given_at: datetime | None = None
    """Overrules every clock of received mail; for dry runs."""
    templates: Path = field(default_factory=lambda: folder("templates") / "emails")
    """The folder of the e-mails, one folder a kind."""
    _local: threading.local = field(default_factory=threading.local, repr=False)

    @cached_property
    def owner(self) -> str:
        """Return this process's name in leases."""
        return processes.new_owner(self.role)

    @cached_property
    def clock(self) -> Clock:
        """Return business time."""
        starts_at = self.settings.clock
        if starts_at is None:
            return SystemClock()
        return ShiftedClock(starts_at, anchor=self.settings.clock_anchor)

    @cached_property
    def policy(self) -> Policy:
        """Return the policy switches in force."""
        return read_policy(self.settings.policy)

    @cached_property
    def retention(self) -> Retention:
        """Return how long each class of data is kept."""
        return read_retention(self.settings.retention)

    @cached_property
    def data_dir(self) -> Path:
        """Return the data folder, made where it is missing.

        Raises:
            SettingsInvalid: it cannot be made.
        """
        chosen = self.settings.data_dir
        try:
            chosen.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            fault = f"CLAIMS_DATA_DIR: {chosen} cannot be made: {error.strerror}"
            raise SettingsInvalid([fault]) from error
        return chosen.resolve()

    @cached_property
    def database_url(self) -> str:
        """Return where the record is kept."""
        if self.settings.database_url is not None:
            return self.settings.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / self.DATABASE}"

    @cached_property
    def embedded_redis(self) -> EmbeddedRedis | None:
        """Return the private redis-server, or None where a URL is set."""
        if self.settings.redis_url is not None:
            return None
        return EmbeddedRedis(self.data_dir)

    @cached_property
    def redis_url(self) -> str:
        """Return the URL of a Redis that runs."""
        if self.settings.redis_url is not None:
            return self.settings.redis_url.get_secret_value()
        return self.ensure_redis()

    def ensure_redis(self) -> str:
        """Return the URL of a Redis that answers; starts the embedded one if needed."""
        embedded = self.embedded_redis
        return self.redis_url if embedded is None else embedded.ensure()

    @cached_property
    def queue(self) -> Queue:
        """Return the doorbell."""
        return RedisQueue(self.redis_url) if self.with_redis else SilentQueue()

    @cached_property
    def store(self) -> Store:
        """Return the record."""
        return Store(
            self.database_url, owner=self.owner, clock=self.clock, queue=self.queue
        )

    def reading(self) -> contextlib.AbstractContextManager[None]:
        """Return one transaction for all that a step looks up.

        There is none where the shop is asked meanwhile: it may take long to answer.
        """
        if self.orders_http is not None:
            return contextlib.nullcontext()
        return self.store.reading()

    @property
    def at_once(self) -> bool:
        """Return whether steps may share a transaction; see Runner."""
        return self.store.database.has_one_writer and self.orders_http is None

    @cached_property
    def desk(self) -> DeskStore:
        """Return the desk's part of the record."""
        return DeskStore(self.store.database, clock=self.clock)

    @cached_property
    def points(self) -> PointsLedger:
        """Return the ledger of bonus points."""
        return PointsLedger(self.store.database, clock=self.clock, policy=self.policy)

    @property
    def orders(self) -> Orders:
        """Return the order directory: the shop's own, or the imported rows."""
        return self.store.orders if self.orders_http is None else self.orders_http

    @cached_property
    def orders_http(self) -> HttpOrders | None:
        """Return the shop's own order directory; None where no URL is set."""
        url, token = self.settings.orders_url, self.settings.orders_token
        if url is None:
            return None
        return HttpOrders(
            url,
            token=None if token is None else token.get_secret_value(),
            default_tz=self.policy.policy_tz,
        )

    @cached_property
    def raw_url(self) -> str:
        """Return where raw mails are kept."""
        return self.settings.raw_url or (self.data_dir / "raw").as_uri()

    @cached_property
    def raw(self) -> RawStore:
        """Return the raw store."""
        return open_raw_store(self.raw_url)

    @cached_property
    def reader(self) -> Reader:
        """Return the reader children.

        Raises:
            SettingsInvalid: DKIM is to be checked, and its extra is not installed.
        """
        keys = ""
        if self.settings.dkim:
            if not dkim_check.is_installed():
                raise SettingsInvalid(["CLAIMS_DKIM is on without the extra `dkim`"])
            keys = dkim_check.KEYS
        return ReaderPool(self.raw_url, size=self.settings.readers, keys=keys)

    @cached_property
    def viewer(self) -> ReaderPool:
        """Return the children that open files for people to look at."""
        return ReaderPool(self.raw_url, size=VIEWERS)

    @cached_property
    def scanner(self) -> Scanner | None:
        """Return who reads pictures of text; None without the extra `ocr`."""
        if not self.settings.ocr or not ocr.is_installed():
            return None
        return ChildScanner(self.raw_url)

    @cached_property
    def renderer(self) -> Renderer:
        """Return the templates."""
        return JinjaRenderer(self.templates, signature=self.settings.signature)

    @cached_property
    def secret_key(self) -> bytes:
        """Return the key of our tokens; made once and kept where none is set."""
        if self.settings.secret_key is not None:
            return self.settings.secret_key.get_secret_value().encode()
        path = self.data_dir / "secret.key"
        if not path.exists():
            # Whole or not at all: another process may be making it just now.
            fresh = path.with_suffix(f".{secrets.token_hex(8)}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(32), encoding="ascii")
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)
            fresh.unlink()
        return path.read_bytes()

    @cached_property
    def identity(self) -> MailIdentity:
        """Return who our answers come from."""
        return MailIdentity(
            from_address=self.settings.from_,
            from_name=self.settings.from_name,
            instance="claims-worker",
            secret_key=self.secret_key,
        )

    @cached_property
    def own_addresses(self) -> frozenset[str]:
        """Return every address that is ours."""
        return frozenset({self.settings.from_, *self.settings.own_addresses})

    @cached_property
    def house(self) -> House:
        """Return what is ours, for understanding mail."""
        return House(
            own_addresses=self.own_addresses,
            trust=Trust(
                authserv_ids=frozenset(self.settings.trusted_authserv),
                exchangers=frozenset(self.settings.trusted_mx),
                profile=AuthProfile(self.settings.auth_profile),
            ),
            id_patterns=self.id_patterns,
            policy=self.policy,
            secret_key=self.secret_key,
        )

    @cached_property
    def id_patterns(self) -> IdPatterns:
        """Return what ids look like here."""
        member = self.settings.member_id_pattern
        order = self.settings.order_number_pattern
        return IdPatterns(
            member=re.compile(member, re.IGNORECASE) if member else PERMISSIVE.member,
            order=re.compile(order, re.IGNORECASE) if order else PERMISSIVE.order,
        )

    @cached_property
    def drafts(self) -> Drafts | None:
        """Return the staff's Drafts folder; None where none is set."""
        url = self.settings.drafts_url
        return None if url is None else ImapDrafts(url.get_secret_value())

    @cached_property
    def notes(self) -> Drafts | None:
        """Return the staff's folder of notes; None where there is none for drafts."""
        url = self.settings.drafts_url
        return None if url is None else ImapNotes(url.get_secret_value())

    @cached_property
    def sent_folder(self) -> ImapSent | None:
        """Return the staff's sent folder; None where it is not to be looked at."""
        url, name = self.settings.drafts_url, self.settings.sent_folder
        if url is None or not name:
            return None
        return ImapSent(url.get_secret_value(), name)

    @property
    def staff_address(self) -> str:
        """Return to whom notes are addressed: the staff's mailbox, if named so."""
        url = self.settings.drafts_url
        user = "" if url is None else urlsplit(url.get_secret_value()).username or ""
        user = unquote(user)
        return user if "@" in user else self.settings.from_

    @cached_property
    def marker(self) -> Marker | None:
        """Return who marks stored mails; None where they are left as they are."""
        after, url = After(self.settings.after), self.settings.mailbox_url
        if after is After.NOTHING or url is None:
            return None
        return ImapMarker(url.get_secret_value(), after, self.settings.after_target)

    @cached_property
    def pace(self) -> Pace:
        """Return how fast e-mails may leave this process."""
        return Pace(self.settings.smtp_rate)

    @property
    def transport(self) -> SmtpTransport:
        """Return this thread's connection to the relay."""
        transport: SmtpTransport | None = getattr(self._local, "transport", None)
        if transport is None:
            self.settings.need("smtp_url")
            url = self.settings.smtp_url
            relay = url.get_secret_value() if url else ""
            transport = SmtpTransport(relay, pace=self.pace)
            self._local.transport = transport
        return transport

    @property
    def mailbox_name(self) -> str:
        """Return the mailbox's name in the ledger: who, where and which folder."""
        self.settings.need("mailbox_url")
        url = self.settings.mailbox_url
        parts = urlsplit(url.get_secret_value() if url else "")
        return f"{parts.username}@{parts.hostname}{parts.path or '/INBOX'}"

    def open_mailbox(self) -> Mailbox:
        """Return a new connection to the claims mailbox, not opened yet."""
        self.settings.need("mailbox_url")
        url = self.settings.mailbox_url
        return ImapMailbox(url.get_secret_value() if url else "")

    def queue_depth(self, queue: str) -> int | None:
        """Return how many rings wait on a queue; starts the embedded Redis if gone."""
        if not isinstance(self.queue, RedisQueue):
            return None
        depth = self.queue.depth(queue)
        if depth is None and self.embedded_redis is not None:
            self.ensure_redis()
            depth = self.queue.depth(queue)
        return depth

    def redis_answers(self) -> bool:
        """Return whether Redis answers; starts nothing."""
        if isinstance(self.queue, RedisQueue):
            return self.queue.ping()
        embedded = self.embedded_redis
        return answers(self.redis_url if embedded is None else embedded.url)

    def announce(self) -> None:
        """Record that this process is alive, so that its leases can be ended."""
        pid = os.getpid()
        self.store.processes.register(
            owner=self.owner,
            role=self.role,
            host=processes.host(),
            pid=pid,
            boot_ticks=processes.boot_ticks(pid) or 0,
        )

    def close(self) -> None:
        """Give back what was opened; parts that nobody asked for stay unmade."""
        made = self.__dict__
        if "reader" in made:
            self.reader.close()
        if "viewer" in made:
            self.viewer.close()
        if made.get("scanner") is not None:
            made["scanner"].close()
        if made.get("orders_http") is not None:
            made["orders_http"].close()
        if "store" in made:
            self.store.close()
        if isinstance(made.get("queue"), RedisQueue):
            made["queue"].close()
        if made.get("embedded_redis") is not None:
            made["embedded_redis"].stop()
