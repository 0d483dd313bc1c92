"""The made mailboxes (bench/boxes.py) are the same every time, and read as meant."""

from bench import boxes
from worker.adapters import mime


def test_the_same_arguments_give_the_same_mail() -> None:
    assert boxes.make("claims", 7, 3) == boxes.make("claims", 7, 3)
    assert boxes.make("claims", 7, 3)[0] != boxes.make("claims", 8, 3)[0]


def test_a_claim_brings_an_invoice_photographs_and_the_order_mail() -> None:
    raw, fact = boxes.make("claims", 7, 0)

    mail = mime.parse(raw)

    types = [one.media_type for one in mail.attachments]
    assert fact.kind == "claim"
    assert mail.subject == f"{fact.member_id}+{fact.order_number}+Claim"
    assert types[0] == "application/pdf"
    assert types.count("image/jpeg") in {2, 3}
    assert types[-1] == "message/rfc822"
    assert 250_000 < len(raw) < 700_000


def test_a_small_mail_has_no_file_and_about_4_kilobytes() -> None:
    raw, _ = boxes.make("small", 7, 0)

    assert mime.parse(raw).attachments == ()
    assert 3_000 < len(raw) < 7_000


def test_one_mail_in_ten_is_no_claim() -> None:
    kinds = [boxes.make("small", 7, number)[1].kind for number in range(30)]

    assert kinds.count("claim") == 27
    assert {kinds[9], kinds[19], kinds[29]} == {"question", "noise", "automatic"}
