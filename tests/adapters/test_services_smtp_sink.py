"""The SMTP sink keeps what it accepts and misbehaves as its script says."""

import smtplib

import pytest

from tests.services import Script, SmtpSink

MAIL = b"Subject: 88231+104233+claim\r\n\r\nThe box was empty.\r\n"


def test_keeps_what_it_accepts(smtp_sink: SmtpSink) -> None:
    with _client(smtp_sink) as client:
        client.sendmail("", ["a@x.test", "b@x.test"], MAIL)
        client.sendmail("claims@shop.test", ["c@x.test"], b"Subject: x\r\n\r\n.\r\n")

    first, second = smtp_sink.wait_for(2)
    assert (first.envelope_from, first.raw) == ("", MAIL)
    assert first.recipients == ("a@x.test", "b@x.test")
    assert (first.helo, first.login) == ("worker.test", None)
    assert second.raw == b"Subject: x\r\n\r\n.\r\n"
    assert first.connection == second.connection == 1
    assert smtp_sink.connections() == 1


def test_waiting_in_vain_says_how_many_came(smtp_sink: SmtpSink) -> None:
    with pytest.raises(TimeoutError, match="0 of 1"):
        smtp_sink.wait_for(1, timeout=0.05)


def test_refuses_the_addresses_of_its_script(smtp_sink: SmtpSink) -> None:
    smtp_sink.behave(Script(refuse={"gone@x.test": "550 5.1.1 no such user"}))

    with _client(smtp_sink) as client:
        refused = client.sendmail("", ["gone@x.test", "here@x.test"], MAIL)

    assert refused == {"gone@x.test": (550, b"5.1.1 no such user")}
    [mail] = smtp_sink.mails()
    assert mail.recipients == ("here@x.test",)


def test_defers_the_first_recipients(smtp_sink: SmtpSink) -> None:
    smtp_sink.behave(Script(defer_first=2))

    with _client(smtp_sink) as client:
        for _ in range(2):
            with pytest.raises(smtplib.SMTPRecipientsRefused, match="451"):
                client.sendmail("", ["a@x.test"], MAIL)
        client.sendmail("", ["a@x.test"], MAIL)

    assert len(smtp_sink.mails()) == 1


@pytest.mark.parametrize(("keeps_cut", "kept"), [(True, 2), (False, 1)])
def test_cuts_at_the_final_dot(
    smtp_sink: SmtpSink, *, keeps_cut: bool, kept: int
) -> None:
    smtp_sink.behave(Script(cut_at_dot=1, keeps_cut=keeps_cut))

    with (
        _client(smtp_sink) as client,
        pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)),
    ):
        client.sendmail("", ["a@x.test"], MAIL)
    with _client(smtp_sink) as client:
        client.sendmail("", ["a@x.test"], MAIL)

    assert len(smtp_sink.mails()) == kept


def test_refuses_at_the_final_dot(smtp_sink: SmtpSink) -> None:
    smtp_sink.behave(Script(at_dot="552 5.3.4 too big"))

    with (
        _client(smtp_sink) as client,
        pytest.raises(smtplib.SMTPDataError, match="552"),
    ):
        client.sendmail("", ["a@x.test"], MAIL)

    assert smtp_sink.mails() == []


def test_delays_the_last_answer(smtp_sink: SmtpSink) -> None:
    smtp_sink.behave(Script(delay=5))

    with (
        _client(smtp_sink, timeout=0.2) as client,
        pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"),
    ):
        client.sendmail("", ["a@x.test"], MAIL)


def test_closed_one_answers_421(smtp_sink: SmtpSink) -> None:
    smtp_sink.behave(Script(is_closed=True))

    with pytest.raises(smtplib.SMTPConnectError, match="421"):
        smtplib.SMTP("127.0.0.1", smtp_sink.port)

    assert smtp_sink.connections() == 1


def test_login_is_offered_only_by_script(smtp_sink: SmtpSink) -> None:
    with _client(smtp_sink) as client, pytest.raises(smtplib.SMTPException):
        client.login("claims", "secret")


def test_login_is_accepted(smtp_sink: SmtpSink) -> None:
    smtp_sink.behave(Script(auth="accept"))

    with _client(smtp_sink) as client:
        client.login("claims", "secret")
        client.sendmail("", ["a@x.test"], MAIL)

    [mail] = smtp_sink.mails()
    assert mail.login == "claims"


def test_login_is_refused(smtp_sink: SmtpSink) -> None:
    smtp_sink.behave(Script(auth="refuse"))

    with (
        _client(smtp_sink) as client,
        pytest.raises(smtplib.SMTPAuthenticationError, match="535"),
    ):
        client.login("claims", "secret")


def _client(sink: SmtpSink, timeout: float = 10) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", sink.port, "worker.test", timeout)
