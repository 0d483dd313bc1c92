"""Reports of mail systems: which mail failed, for whom, and whether for good."""

import pytest

from tests.builders_mail import File, make_mail
from worker.adapters import mime
from worker.domain.mail import DeliveryReport


@pytest.mark.parametrize("path", ["<>", "<MAILER-DAEMON>", "MAILER-DAEMON@mx.example"])
def test_a_mail_without_a_return_path_is_read_as_a_systems(path: str) -> None:
    raw = make_mail(
        text="User unknown: lena@post.example (#5.1.1)\n",
        headers=[("Return-Path", path)],
    )

    assert mime.parse(raw).reports == (
        DeliveryReport("failed", "5.1.1", None, "lena@post.example"),
    )


def test_exim_names_the_recipient_in_a_header() -> None:
    raw = make_mail(
        text="A message that you sent could not be delivered.",
        headers=[("X-Failed-Recipients", "Lena@post.example")],
    )

    assert mime.parse(raw).reports == (
        DeliveryReport("failed", "", None, "lena@post.example"),
    )


def test_a_bounce_that_will_be_tried_again_is_a_delay() -> None:
    raw = make_mail(
        sender="MAILER-DAEMON@mail.post.example",
        text="THIS IS A WARNING ONLY. You do not need to resend your mail to\n"
        "lena@post.example. 4.4.1 connection timed out",
    )

    (report,) = mime.parse(raw).reports

    assert (report.action, report.status) == ("delayed", "4.4.1")


def test_the_original_recipient_and_id_of_a_report_are_read() -> None:
    status = (
        b"Reporting-MTA: dns; relay.example\n"
        b"X-Original-Message-ID: <ours@a.example>\n\n"
        b"Original-Recipient: rfc822;Lena@post.example\n"
        b"Final-Recipient: rfc822; lena@inner.example\nAction: Failed\nStatus: 5.2.2\n"
    )
    raw = make_mail(files=[File(status, "", "message/delivery-status", "")])

    (report,) = mime.parse(raw).reports

    assert report.recipient == "lena@post.example"
    assert report.original_message_id == "<ours@a.example>"
    assert report.is_formal


def test_a_complaint_is_read_with_and_without_its_report() -> None:
    arf = b"Feedback-Type: abuse\nUser-Agent: Loop/1.0\nVersion: 1\n"
    junk = make_mail(headers=[("X-HmXmrOriginalRecipient", "lena@post.example")])
    mails = [
        make_mail(files=[File(arf, "", "message/feedback-report", "")]),
        make_mail(files=[File(junk, "", "message/rfc822", "")]),
    ]

    actions = [[r.action for r in mime.parse(raw).reports] for raw in mails]

    assert actions == [["complained"], ["complained"]]
