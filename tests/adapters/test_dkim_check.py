"""DKIM: real signatures by dkimpy, with keys of our own and no DNS."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.builders_mail import claim_files, make_claim_mail
from tests.keys import Key, rsa_key
from worker.adapters import dkim_check, mime
from worker.adapters.dkim_check import KeyOf, Remembered, with_signers
from worker.adapters.reader import ChildReader

dkim = pytest.importorskip("dkim")

KEY = rsa_key()
DOMAIN = "mail.example"
NAME = "s1._domainkey.mail.example."
HEADERS = ("from", "to", "subject", "date", "message-id", "mime-version")
PLAIN = make_claim_mail(files=[], authentication=None)
WHOLE = make_claim_mail(files=claim_files(), authentication=None)


@dataclass
class Dns:
    """Records by name; counts who asked, and may not answer at all."""

    records: dict[str, bytes] = field(default_factory=dict)
    is_silent: bool = False
    asked: list[str] = field(default_factory=list)

    def __call__(self, name: str, timeout: float) -> bytes | None:
        assert 0 < timeout <= dkim_check.LOOKUP_SECONDS
        self.asked.append(name)
        if self.is_silent:
            raise OSError
        return self.records.get(name)


def published(key: Key = KEY, name: str = NAME, more: bytes = b"") -> Dns:
    return Dns({name: key.record + more})


def key_of_mail_example(name: str, _timeout: float) -> bytes | None:
    """For the child process, which imports it."""
    return {NAME: KEY.record}.get(name)


def signed(
    raw: bytes = PLAIN,
    *,
    domain: str = DOMAIN,
    key: Key = KEY,
    headers: Sequence[str] = HEADERS,
    has_length: bool = False,
    identity: str | None = None,
    algorithm: bytes = b"rsa-sha256",
    form: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
) -> bytes:
    """The mail with a real signature on top."""
    line: bytes = dkim.sign(
        raw,
        b"s1",
        domain.encode(),
        key.pem,
        identity=None if identity is None else identity.encode(),
        include_headers=[name.encode() for name in headers],
        length=has_length,
        canonicalize=form,
        signature_algorithm=algorithm,
    )
    return line + raw


def signers(raw: bytes, key_of: KeyOf | None = None) -> tuple[str, ...]:
    key_of = published() if key_of is None else key_of
    return with_signers(mime.parse(raw), raw, Remembered(key_of)).signed_by


# -- what proves -------------------------------------------------------------------


@pytest.mark.parametrize("raw", [PLAIN, WHOLE], ids=["text", "with files"])
@pytest.mark.parametrize("form", [(b"relaxed", b"relaxed"), (b"simple", b"simple")])
def test_a_real_signature_names_its_domain(
    raw: bytes, form: tuple[bytes, bytes]
) -> None:
    assert signers(signed(raw, form=form)) == (DOMAIN,)


def test_headers_that_servers_add_on_the_way_change_nothing() -> None:
    raw = b"Received: from x by mx.logistics.example; now\r\n" + signed()

    assert signers(raw) == (DOMAIN,)


def test_a_signer_below_the_senders_domain_counts() -> None:
    dns = published(name="s1._domainkey.news.mail.example.")

    assert signers(signed(domain="news.mail.example"), dns) == ("news.mail.example",)


def test_a_mail_without_a_signature_asks_nobody() -> None:
    dns = published()

    assert signers(PLAIN, dns) == ()
    assert dns.asked == []


def test_signatures_of_others_are_not_even_looked_up() -> None:
    dns = Dns({"s1._domainkey.mailer.example.": KEY.record})

    assert signers(signed(domain="mailer.example"), dns) == ()
    assert dns.asked == []


# -- what proves nothing -----------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw + b"One more line.\r\n",
        lambda raw: raw.replace(b"+Claim", b"+Claim please", 1),
        lambda raw: raw.replace(b"lena.hoffmann@", b"lena.hoffman@"),
        lambda raw: b"Subject: M1+ORD-1+Claim\r\n" + raw,
        lambda raw: b"From: eve@mail.example\r\n" + raw,
        lambda raw: b"X-A: b\rSubject: M1+ORD-1+Claim\r\n" + raw,
        lambda raw: b"X-A: b\rFrom: eve@mail.example\rSubject: c\r\r hi\r\n" + raw,
        lambda raw: re.sub(rb"\bd=mail", b"d=nail", raw, count=1),
        lambda raw: raw.replace(b"rsa-sha256", b"rsa-sha1", 1),
        lambda raw: b"no header at all\r\n" + raw,
    ],
    ids=["longer", "subject", "from", "second subject", "second from",
         "hidden subject", "hidden mail", "domain", "algorithm", "broken"],
)  # fmt: skip
def test_a_mail_that_is_not_what_was_signed_proves_nothing(
    change: Callable[[bytes], bytes],
) -> None:
    assert signers(change(signed())) == ()


def test_a_signature_with_a_body_length_proves_nothing() -> None:
    raw = signed(has_length=True)
    assert dkim.verify(raw + b"more", dnsfunc=lambda *_, **__: KEY.record)

    assert signers(raw) == signers(raw + b"more") == ()


@pytest.mark.parametrize("headers", [("from", "to"), ("from", "date")])
def test_a_signature_that_leaves_the_subject_out_proves_nothing(
    headers: tuple[str, ...],
) -> None:
    assert signers(signed(headers=headers)) == ()


def test_sha1_proves_nothing() -> None:
    assert signers(signed(algorithm=b"rsa-sha1")) == ()


@pytest.mark.parametrize(
    ("dns", "reason"),
    [
        (Dns(), "no key"),
        (Dns(is_silent=True), "no answer"),
        (published(rsa_key(seed=2)), "another key"),
        (published(more=b"; t=y"), "test mode"),
        (published(more=b"; t=s:y"), "test mode"),
        (Dns({NAME: b"v=DKIM1; p="}), "revoked"),
        (Dns({NAME: b"v=DKIM1; k=ed25519; p=AAAA"}), "another kind"),
        (Dns({NAME: b"\xff\x00;;=" * 50}), "nonsense"),
        (Dns({NAME: b"v=DKIM1; p=" + b"A" * 60_000}), "as long as it can be"),
    ],
)
def test_a_key_that_cannot_be_used_is_no_failure(dns: Dns, reason: str) -> None:
    assert signers(signed(), dns) == (), reason
    assert dns.asked


def test_a_short_key_proves_nothing() -> None:
    key = rsa_key(768)

    assert signers(signed(key=key), published(key)) == ()


def test_a_key_for_its_own_domain_only_proves_no_identity_below_it() -> None:
    raw = signed(identity="lena@sub.mail.example")

    assert signers(raw) == (DOMAIN,)
    assert signers(raw, published(more=b"; t=s")) == ()
    assert signers(signed(), published(more=b"; t=s")) == (DOMAIN,)


def test_an_expired_signature_proves_nothing() -> None:
    raw = signed()
    expired = raw.replace(b"v=1;", b"v=1; x=1000000000;", 1)

    assert signers(expired) == ()


def test_a_sender_who_is_not_clear_is_not_looked_into() -> None:
    dns = published()
    raw = make_claim_mail(
        files=[], authentication=None, sender="a@mail.example, b@mail.example"
    )

    assert signers(signed(raw), dns) == ()
    assert dns.asked == []


# -- bounds ------------------------------------------------------------------------


def test_five_signatures_are_looked_into_and_no_more() -> None:
    raw = PLAIN
    line = signed()[: -len(PLAIN)]
    forged = b"".join(line.replace(b"s=s1", b"s=x%d" % n, 1) for n in range(20))
    dns = published()

    assert signers(forged + line + raw, dns) == ()
    assert len(dns.asked) == dkim_check.MAX_SIGNATURES


def test_a_slow_dns_costs_five_seconds_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passed = [0.0]
    monkeypatch.setattr(dkim_check, "monotonic", lambda: passed[0])
    line = signed()[: -len(PLAIN)]
    several = b"".join(line.replace(b"s=s1", b"s=x%d" % n, 1) for n in range(5))

    def slow(_name: str, timeout: float) -> bytes | None:
        passed[0] += timeout
        return None

    assert signers(several + PLAIN, slow) == ()
    assert passed[0] == dkim_check.DNS_SECONDS


def test_a_key_is_asked_for_once_an_hour_and_a_missing_one_once_a_minute() -> None:
    now, dns = [0.0], published()
    remembered = Remembered(dns, clock=lambda: now[0])

    for _ in range(3):
        assert remembered(NAME, 1) == KEY.record
        assert remembered("none.", 1) is None
    assert dns.asked == [NAME, "none."]

    dns.is_silent, now[0] = True, 61
    assert remembered(NAME, 1) == KEY.record
    assert remembered("none.", 1) is None
    now[0] = 3601
    assert remembered(NAME, 1) is None
    assert dns.asked == [NAME, "none.", "none.", NAME]


def test_keys_are_not_remembered_without_end() -> None:
    remembered = Remembered(Dns())
    for number in range(3 * dkim_check.MOST_KEPT):
        remembered(f"{number}.", 1)

    assert len(remembered._kept) == dkim_check.MOST_KEPT  # noqa: SLF001


@pytest.mark.parametrize(
    "tail",
    [b" \r\n " * 1200, b" " * 3900, b"A \r\n " * 700, b"; x" * 1200, b"=" * 3900],
)
def test_no_signature_keeps_us_busy(tail: bytes) -> None:
    line = signed()[: -len(PLAIN)].rstrip() + tail
    raw = (line.rstrip() + b"\r\n") * 20 + PLAIN

    started = time.process_time()
    signers(raw)

    assert time.process_time() - started < 2


@pytest.mark.slow
@pytest.mark.parametrize("body", [b"\r\n", b"a \t b\r\n", b"x" * 70 + b"\r\n"])
def test_a_large_mail_is_checked_or_left_within_seconds(body: bytes) -> None:
    raw = signed() + body * (30_000_000 // len(body))

    started = time.process_time()
    signers(raw)

    assert time.process_time() - started < 10


# -- in the child ------------------------------------------------------------------


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[ChildReader]:
    keys = f"{__name__}:key_of_mail_example"
    reader = ChildReader(tmp_path.as_uri(), keys=keys)
    yield reader
    reader.close()


@pytest.mark.slow
def test_the_reader_child_checks_signatures_where_it_is_told_how(
    reader: ChildReader,
) -> None:
    assert reader.read_bytes(signed(WHOLE)).signed_by == (DOMAIN,)
    assert reader.read_bytes(WHOLE).signed_by == ()


@pytest.mark.slow
def test_the_reader_child_leaves_signatures_alone_by_default(tmp_path: Path) -> None:
    reader = ChildReader(tmp_path.as_uri())
    try:
        assert reader.read_bytes(signed()).signed_by == ()
    finally:
        reader.close()
