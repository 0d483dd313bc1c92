"""The sender: what our own header proves, and the tier that follows."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import ADDRESS, NOON, OUR_MX, a_mail, a_member
from worker.domain.authentication import (
    Authentication,
    AuthProfile,
    Trust,
    is_aligned,
    judge_results,
    parse_results,
)
from worker.domain.identity import Sender, SenderTier, judge_sender
from worker.domain.mail import AuthResults, Hop, Mail
from worker.domain.orders import Member

DOMAIN = "mail.example"
OURS = Trust(authserv_ids=frozenset({OUR_MX}), exchangers=frozenset({OUR_MX}))
HERE = (Hop(0, OUR_MX, NOON),)
PASS = f"{OUR_MX}; dmarc=pass header.from={DOMAIN}"
FAIL = f"{OUR_MX}; dmarc=fail header.from={DOMAIN}"


def judged(
    *results: str,
    mail: Mail | None = None,
    member: Member | None = None,
    hops: tuple[Hop, ...] = HERE,
    first_position: int = 1,
) -> Sender:
    """The member's mail with these headers, topmost first."""
    headers = tuple(
        AuthResults(position, text)
        for position, text in enumerate(results, start=first_position)
    )
    taken = a_mail(hops=hops, auth_results=headers) if mail is None else mail
    return judge_sender(taken, a_member() if member is None else member, OURS)


def proven(*results: str, hops: tuple[Hop, ...] = HERE, at: int = 1) -> Authentication:
    return judged(*results, hops=hops, first_position=at).authentication


# -- tiers -------------------------------------------------------------------------


def test_on_file_and_authenticated_is_tier_a() -> None:
    found = judged(PASS)

    assert found == Sender(SenderTier.A, ADDRESS, Authentication.PASS, is_on_file=True)
    assert found.may_be_answered


def test_on_file_without_a_header_of_ours_is_tier_b() -> None:
    found = judged()

    assert found.tier is SenderTier.B
    assert found.may_be_answered


def test_a_stranger_is_tier_c_and_may_be_asked_to_confirm() -> None:
    found = judged(PASS, member=a_member(addresses=("other@mail.example",)))

    assert found.tier is SenderTier.C
    assert not found.is_on_file
    assert found.may_be_answered


def test_a_stranger_that_nothing_proves_gets_no_automatic_mail() -> None:
    found = judged(member=a_member(addresses=("other@mail.example",)))

    assert found.tier is SenderTier.C
    assert not found.may_be_answered


def test_T3_a_forged_sender_is_tier_c_though_on_file_and_never_answered() -> None:
    found = judged(FAIL)

    assert found.tier is SenderTier.C
    assert found.is_on_file
    assert not found.may_be_answered


def test_without_a_member_nobody_is_on_file() -> None:
    found = judge_sender(a_mail(), None, OURS)

    assert found.tier is SenderTier.C
    assert found.authentication is Authentication.PASS


def test_every_address_on_file_counts_in_any_case() -> None:
    member = a_member(addresses=("first@x.example", ADDRESS))

    assert judged(PASS, member=member).tier is SenderTier.A
    assert judged(PASS, mail=a_mail(from_address=ADDRESS.upper())).tier is SenderTier.A


@pytest.mark.parametrize(
    "mail",
    [
        a_mail(from_addresses=(ADDRESS, "x@evil.example")),
        a_mail(from_addresses=()),
        a_mail(is_from_clear=False),
    ],
    ids=["two", "none", "unclear"],
)
def test_a_mail_without_one_clear_sender_is_nobodys(mail: Mail) -> None:
    found = judged(mail=mail)

    assert found == Sender(SenderTier.C, None, Authentication.NONE, is_on_file=False)
    assert not found.may_be_answered


# -- which header counts -----------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"mx.attacker.example; dmarc=pass header.from={DOMAIN}",
        f"x{OUR_MX}; dmarc=pass header.from={DOMAIN}",
        f"{OUR_MX}.attacker.example; dmarc=pass header.from={DOMAIN}",
        f"{OUR_MX}/evil; dmarc=pass header.from={DOMAIN}",
        f"(; {OUR_MX}) evil; dmarc=pass header.from={DOMAIN}",
        f"; dmarc=pass header.from={DOMAIN}",
        "",
    ],
)
def test_a_foreign_id_proves_nothing(text: str) -> None:
    assert proven(text) is Authentication.NONE


@pytest.mark.parametrize(
    "text",
    [
        f"{OUR_MX} 1; dmarc=pass header.from={DOMAIN}",
        f"{OUR_MX.upper()} ; dmarc=pass header.from={DOMAIN}",
        f'"{OUR_MX}"; dmarc=pass header.from={DOMAIN}',
        f"(ours) {OUR_MX} (v; 1) 1; dmarc=pass (p=reject) header.from={DOMAIN}",
    ],
)
def test_our_id_is_the_first_token_with_an_optional_version(text: str) -> None:
    assert proven(text) is Authentication.PASS


def test_the_topmost_header_of_ours_decides() -> None:
    assert proven(FAIL, PASS) is Authentication.FAIL
    assert proven(PASS, FAIL) is Authentication.PASS


def test_a_header_below_the_next_hop_came_with_the_mail() -> None:
    hops = (Hop(0, OUR_MX, NOON), Hop(2, "relay.example", NOON))

    assert proven(PASS, hops=hops, at=1) is Authentication.PASS
    assert proven(PASS, hops=hops, at=3) is Authentication.NONE


def test_hops_of_ours_above_the_exchanger_change_nothing() -> None:
    hops = (Hop(0, "store.logistics.example", NOON), Hop(1, OUR_MX, NOON))

    assert proven(PASS, hops=hops, at=2) is Authentication.PASS


def test_a_forged_hop_of_ours_further_down_does_not_move_the_border() -> None:
    hops = (Hop(0, OUR_MX, NOON), Hop(2, "evil.example", NOON), Hop(3, OUR_MX, NOON))

    assert proven(PASS, hops=hops, at=4) is Authentication.NONE


def test_without_our_exchanger_no_header_counts() -> None:
    assert proven(PASS, hops=()) is Authentication.NONE
    assert proven(PASS, hops=(Hop(0, "other.example", NOON),)) is Authentication.NONE


def test_without_trusted_ids_nobody_is_tier_a() -> None:
    found = judge_sender(a_mail(), a_member(), Trust(exchangers=OURS.exchangers))

    assert found.tier is SenderTier.B


# -- what a header proves ----------------------------------------------------------

P, F, N = Authentication


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ("dmarc=pass header.from=mail.example", P),
        ("dmarc=pass header.from=MAIL.example.", P),
        ("dmarc=pass header.from=other.example", N),
        ("dmarc=pass", N),
        ("dmarc=fail header.from=mail.example", F),
        ("dmarc=fail", F),
        ("dmarc=fail; dkim=pass header.d=mail.example", F),
        ("dmarc=none header.from=mail.example", N),
        ("dkim=pass header.d=mail.example", P),
        ("dkim=pass header.i=@mail.example", P),
        ("dkim=pass header.d=news.mail.example", P),
        ("dkim=pass header.d=sendgrid.example", N),
        ("dkim=pass header.d=example", N),
        ("dkim=pass header.d=evilmail.example", N),
        ("dkim=fail header.d=x.example; dkim=pass header.d=mail.example", P),
        ("spf=pass smtp.mailfrom=mail.example", N),
        ("spf=fail; dkim=fail header.d=mail.example", F),
        ("spf=fail; dkim=none", N),
        ("spf=softfail; dkim=fail header.d=mail.example", N),
        ("spf=fail; dkim=fail; dkim=pass header.d=list.example", N),
        ("none", N),
        ('dkim=pass (2048-bit; key) header.d=mail.example header.b="a;b"', P),
        ('dkim/1 = pass reason="good; fine" header.d = mail.example', P),
        ("dmarc=pass header.from=mail.example; nonsense", N),
        ("dmarc=pass (unclosed header.from=mail.example", N),
        ('dmarc=pass header.from="mail.example', N),
    ],
)
def test_what_a_header_of_ours_proves(results: str, expected: Authentication) -> None:
    assert proven(f"{OUR_MX}; {results}") is expected


@pytest.mark.parametrize(
    ("signer", "domain", "expected"),
    [
        ("shop.example", "shop.example", True),
        ("shop.example", "mail.shop.example", True),
        ("mail.shop.example", "shop.example", True),
        ("a.shop.example", "b.shop.example", False),
        ("example", "shop.example", False),
        ("", "shop.example", False),
        ("hop.example", "shop.example", False),
        ("münchen.example", "xn--mnchen-3ya.example", True),
    ],
)
def test_alignment_is_relaxed_by_whole_labels(
    signer: str,
    domain: str,
    expected: bool,  # noqa: FBT001 - a parameter of the table
) -> None:
    assert is_aligned(signer, domain) is expected


# -- Microsoft 365 -----------------------------------------------------------------

TENANT = Trust(profile=AuthProfile.MICROSOFT365)
EXCHANGER = "db1eur05ft012.mail.protection.outlook.com"
INSIDE = (
    Hop(0, "am9pr05mb1234.eurprd05.prod.outlook.com", NOON),
    Hop(1, "db6pr0501ca0012.outlook.office365.com", NOON),
)
OUTSIDE = Hop(5, "mail-wm1-f41.google.com", NOON)
THERE = (*INSIDE, Hop(4, EXCHANGER, NOON), OUTSIDE)
"""Hops 0 and 1, our header at 2, Received-SPF at 3, the exchanger, the sender's own."""
MICROSOFT = (
    "spf=pass (sender IP is 209.85.128.41) smtp.mailfrom=mail.example; dkim=pass"
    " (signature was verified) header.d=mail.example;dmarc=pass action=none"
    " header.from=mail.example;compauth=pass reason=100"
)


def proven_there(
    *results: str, hops: tuple[Hop, ...] = THERE, at: int = 2, trust: Trust = TENANT
) -> Authentication:
    headers = tuple(AuthResults(n, text) for n, text in enumerate(results, start=at))
    mail = a_mail(hops=hops, auth_results=headers)
    return judge_sender(mail, a_member(), trust).authentication


def test_a_mail_as_microsoft_365_delivers_it_is_proven() -> None:
    assert proven_there(MICROSOFT) is P


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ("dmarc=pass header.from=mail.example;compauth=pass reason=100", P),
        ("dmarc=pass header.from=other.example;compauth=pass reason=100", N),
        ("dmarc=pass;compauth=pass reason=100", N),
        ("dmarc=pass header.from=mail.example", N),
        ("dmarc=pass header.from=mail.example;compauth=softpass reason=201", N),
        ("dmarc=pass header.from=mail.example;compauth=none reason=451", N),
        ("dmarc=pass header.from=mail.example;compauth=fail reason=001", F),
        ("compauth=pass reason=100", N),
        ("dmarc=bestguesspass action=none header.from=mail.example;compauth=pass", N),
        ("dmarc=none;dkim=pass header.d=mail.example;compauth=pass reason=109", P),
        ("dmarc=none;dkim=pass header.d=mailer.example;compauth=pass reason=109", N),
        ("dmarc=none action=none;compauth=fail reason=001", F),
        ("dmarc=fail action=quarantine header.from=mail.example;compauth=pass", F),
        ("dmarc=fail action=reject header.from=mail.example", F),
        ("dmarc=fail action=oreject header.from=mail.example;compauth=fail", F),
        ("dmarc=fail action=none header.from=mail.example;compauth=pass", N),
        ("dmarc=fail action=none;dkim=pass header.d=mail.example;compauth=pass", N),
        ("dmarc=fail;dmarc=pass header.from=mail.example;compauth=pass", N),
        ("dmarc=pass header.from=mail.example;compauth=pass;compauth=pass", N),
        ("a.example;dmarc=pass header.from=mail.example; a.example;compauth=pass", P),
        ("dmarc=pass header.from=mail.example;nonsense;compauth=pass", N),
        ("dmarc=pass header.from=mail.example;compauth=pass (reason", N),
    ],
)  # fmt: skip
def test_what_a_header_of_microsofts_proves(
    results: str, expected: Authentication
) -> None:
    assert proven_there(f"spf=pass smtp.mailfrom=mail.example;{results}") is expected


@pytest.mark.parametrize(
    "at", [5, 6], ids=["below our exchanger", "below the sender's server"]
)
def test_a_header_of_microsofts_form_that_came_with_the_mail_proves_nothing(
    at: int,
) -> None:
    hops = (*INSIDE, Hop(4, EXCHANGER, NOON), Hop(9, "mx.evil.example", NOON))

    assert proven_there(MICROSOFT, hops=hops, at=at) is N


def test_the_topmost_header_of_microsofts_decides() -> None:
    failed = MICROSOFT.replace("compauth=pass", "compauth=fail")

    assert proven_there(failed, MICROSOFT) is F


def test_a_forged_exchanger_of_microsofts_below_does_not_move_the_border() -> None:
    hops = (*THERE, Hop(7, EXCHANGER, NOON))

    assert proven_there(MICROSOFT, hops=hops, at=6) is N


@pytest.mark.parametrize(
    "hops",
    [
        (),
        (Hop(0, "mx.evil.example", NOON), Hop(4, EXCHANGER, NOON)),
        (Hop(0, "", NOON), Hop(4, EXCHANGER, NOON)),
        (*INSIDE, OUTSIDE),
        (*INSIDE, Hop(4, "evilprotection.outlook.com", NOON)),
        (*INSIDE, Hop(4, EXCHANGER + ".evil.example", NOON)),
    ],
    ids=["no hop", "not Microsoft on top", "no host", "none of ours", "near", "longer"],
)
def test_without_microsofts_own_hop_its_header_counts_for_nothing(
    hops: tuple[Hop, ...],
) -> None:
    assert proven_there(MICROSOFT, hops=hops) is N


def test_each_profile_reads_its_own_form_only() -> None:
    with_id = f"{OUR_MX}; dmarc=pass header.from={DOMAIN}; compauth=pass"

    assert proven_there(with_id) is N
    assert proven_there(MICROSOFT, hops=HERE, at=1, trust=OURS) is N


# -- a signature that we verified ourselves ----------------------------------------


def signed(
    *domains: str, results: tuple[str, ...] = (), hops: tuple[Hop, ...] = HERE
) -> Sender:
    headers = tuple(AuthResults(n, text) for n, text in enumerate(results, start=1))
    mail = replace(a_mail(hops=hops, auth_results=headers), signed_by=domains)
    return judge_sender(mail, a_member(), OURS)


def test_an_aligned_signature_proves_where_our_server_stamped_nothing() -> None:
    assert signed(DOMAIN).tier is SenderTier.A
    assert signed("news.mail.example", hops=()).tier is SenderTier.A
    assert signed("sendgrid.example", DOMAIN).tier is SenderTier.A


def test_a_signature_of_another_domain_proves_nothing() -> None:
    assert (
        signed("sendgrid.example", "evilmail.example", "example").tier is SenderTier.B
    )
    assert signed().tier is SenderTier.B


@pytest.mark.parametrize("said", ["none", "dkim=temperror", "dmarc=none"])
def test_a_header_of_ours_decides_alone(said: str) -> None:
    assert signed(DOMAIN, results=(f"{OUR_MX}; {said}",)).tier is SenderTier.B
    assert signed(DOMAIN, results=(FAIL,)).tier is SenderTier.C


def test_a_header_that_is_not_ours_does_not_silence_a_signature() -> None:
    foreign = f"mx.evil.example; dmarc=fail header.from={DOMAIN}"

    assert signed(DOMAIN, results=(foreign,)).tier is SenderTier.A


# -- any text ----------------------------------------------------------------------


@given(st.text())
def test_no_header_raises(text: str) -> None:
    assert judge_results(parse_results(text), DOMAIN) in set(Authentication)


@given(st.text(alphabet=' ();="=dmarc.pashcomputh1\\t', max_size=200))
def test_no_header_of_microsofts_raises(text: str) -> None:
    assert proven_there(text) in set(Authentication)
    assert proven_there(f"spf=pass;{text}") in set(Authentication)


@given(st.text(alphabet=' ();="=dmarc.pash1\\\t', max_size=200))
def test_no_header_of_ours_raises(text: str) -> None:
    assert proven(f"{OUR_MX}; {text}") in set(Authentication)
