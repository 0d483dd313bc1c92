"""Subjects and ids (clause C6): what is found, what is asked, how long it may take."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.orders import normal_id
from worker.domain.subject import (
    MOST_CANDIDATES,
    MOST_PAIRS,
    Candidates,
    IdPatterns,
    candidates_in,
    is_among,
    pairs,
    read_ids,
    same_id,
    together,
)

MEMBER = "M104233"
ORDER = "ORD-20261104-0183"


def can_confirm(
    candidates: Candidates, member: str = MEMBER, order: str = ORDER
) -> bool:
    """What the arrow does: ask for each order; its member must be named."""
    asked = {normal_id(number) for _, number in pairs(candidates)}
    return normal_id(order) in asked and is_among(member, candidates)


# -- the strict form ------------------------------------------------------------


def test_the_strict_form_is_read() -> None:
    found = read_ids("M10023+ORD-20245581+Claim")

    assert found.candidates == Candidates(
        ("M10023",), ("ORD-20245581",), is_strict=True, names_claim=True
    )
    assert not found.is_reply


def test_case_spaces_and_a_reply_prefix_do_not_matter() -> None:
    found = read_ids("Re: M10023 + ord-20245581 + CLAIM")

    assert found.candidates.is_strict
    assert found.is_reply
    assert same_id(found.candidates.orders[0], "ORD-20245581")


@pytest.mark.parametrize("plus", ["＋", "﹢", "⁺", "➕", "∔", "%2B", " + ", "+\u200b"])
def test_other_plus_signs_are_plus_signs(plus: str) -> None:
    found = read_ids(plus.join(["M10023", "ORD-20245581", "Claim"]))

    assert found.candidates.is_strict
    assert pairs(found.candidates)[0] == ("M10023", "ORD-20245581")


def test_without_plus_signs_the_ids_are_candidates() -> None:
    found = read_ids("Claim M10023 ORD-20245581").candidates

    assert not found.is_strict
    assert found.names_claim
    assert can_confirm(found, "M10023", "ORD-20245581")


def test_a_lone_id_may_be_either_and_is_confirmed_by_nothing() -> None:
    found = read_ids("M10023+Claim").candidates

    assert found.members == found.orders == ("M10023",)
    assert pairs(found) == ((None, "M10023"),)


def test_two_orders_are_two_claims() -> None:
    found = read_ids("M10023+ORD-1+ORD-2+Claim").candidates

    assert found.is_strict
    assert found.orders == ("ORD-1", "ORD-2")
    assert pairs(found)[:2] == (("M10023", "ORD-1"), ("M10023", "ORD-2"))


@pytest.mark.parametrize(
    "subject",
    [
        "M1+ORD-1+Claim (Reklamation, dringend!)",
        "M1+ORD-1+Claim [#CLM-000012]",
        '"M1"+"ORD-1"+"Claim"',
        "“M1” + “ORD\u20131” + “Claim”",
        "[M1]+[ORD-1]+[Claim]",
        "M1+ORD-1+Claims please help",
        "\u200bM1+\ufeffORD-1+Cla\u00adim",
        "M1+ORD-1\r\n +Claim",
    ],
)
def test_what_surrounds_the_strict_form_does_not_matter(subject: str) -> None:
    found = read_ids(subject).candidates

    assert found.is_strict
    assert (found.members, found.orders) == (("M1",), ("ORD-1",))


def test_our_own_suffix_gives_the_claim_number_and_no_candidate() -> None:
    found = read_ids("Re: your claim [#CLM-000012]")

    assert found.claim_id == 12
    assert found.candidates == Candidates(names_claim=True)


@pytest.mark.parametrize(
    ("prefix", "is_reply"),
    [
        ("Re: ", True),
        ("RE[2]: ", True),
        ("AW: WG: ", True),
        ("SV: ", True),
        ("VS: ", True),
        ("Antw: ", True),
        ("R: ", True),
        ("Rif: ", True),
        ("Odp: ", True),
        ("YNT: ", True),
        ("Ответ: ", True),
        ("回复：", True),
        ("答复: ", True),
        ("返信: ", True),
        ("답장: ", True),
        ("Fw: ", False),
        ("Fwd: Fwd : ", False),
        ("WG: ", False),
        ("TR: ", False),
        ("I: ", False),
        ("RV: ", False),
        ("ENC: ", False),
        ("PD: ", False),
        ("İLT: ", False),
        ("转发：", False),
        ("轉寄: ", False),
        ("転送: ", False),
        ("전달: ", False),
        ("[EXTERNAL] ", False),
        ("***SPAM*** ", False),
        ("[Extern] Fwd: [SPAM?] ", False),
        ("Fwd: Re: ", True),
    ],
)
def test_prefixes_of_many_languages_are_taken_off(
    prefix: str,
    is_reply: bool,  # noqa: FBT001 - a parameter of the table
) -> None:
    found = read_ids(f"{prefix}{MEMBER}+{ORDER}+Claim")

    assert found.candidates.is_strict
    assert found.is_reply is is_reply


def test_words_without_digits_are_no_ids() -> None:
    found = read_ids("Claim your 50% coupon+today+Claim").candidates

    assert not found.is_strict
    assert "today" not in found.orders


# -- tolerant forms -------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    [
        f"Fwd: claim - order number: {ORDER} / member id: {MEMBER}",
        f"Member ID {MEMBER} + Order Number {ORDER} + Claim",
        f"{MEMBER} {ORDER} Claim",
        f"{MEMBER},{ORDER},Claim",
        f"{MEMBER}/{ORDER}/Claim",
        f"{MEMBER}-{ORDER}-Claim",
        f"{MEMBER}_{ORDER}_Claim",
        f"{ORDER}+{MEMBER}+Claim",
        f"Claim+{MEMBER}+{ORDER}",
        f"URGENT {MEMBER}+{ORDER}+Claim please",
        "M104233 ORD 20261104 0183 Claim",
        "M 104233 + ORD 20261104 0183 + Claim",
        f"Reklamation Mitglied {MEMBER}, Bestellung {ORDER}",
        f"会员号{MEMBER} 订单号{ORDER} 理赔",
        f"会員番号 {MEMBER} 注文番号 {ORDER} クレーム",
        f"{MEMBER}＋{ORDER}＋理赔",
        f"claim for order {ORDER.lower()} of member {MEMBER.lower()}",
    ],
)
def test_tolerant_subjects_lead_the_directory_to_the_pair(subject: str) -> None:
    assert can_confirm(read_ids(subject).candidates)


@pytest.mark.parametrize(
    "body",
    [
        f"Member ID: {MEMBER}\nOrder Number: {ORDER}\n\nIt is broken.",
        f"My member ID is {MEMBER}, the order is {ORDER}.",
        f"Mitgliedsnummer: {MEMBER}\nBestellnummer lautet {ORDER}",
        f"Kundennr. {MEMBER}; Auftragsnr. {ORDER}",
        f"Numéro de membre : {MEMBER}\nCommande n° {ORDER}",
        f"Número de socio: {MEMBER}, n.º de pedido: {ORDER}",
        f"Codice cliente {MEMBER}, numero ordine: {ORDER}",
        f"Lidnummer: {MEMBER}, bestelnummer: {ORDER}",
        f"Número de cliente: {MEMBER}, encomenda n.º {ORDER}",
        f"会员编号：{MEMBER}，订单号是{ORDER}。",
        f"会員番号は{MEMBER}、注文番号：{ORDER}です",
        f"회원번호: {MEMBER} 주문번호는 {ORDER}",
        f"Номер участника: {MEMBER}, номер заказа {ORDER}",
        f"Numer zamówienia: {ORDER}, nr członka {MEMBER}",
        f"Üye numaram {MEMBER}, sipariş no: {ORDER}",
        f"Hi, {MEMBER} here, {ORDER} came broken",
        f"{MEMBER}+{ORDER}+Claim",
    ],
)
def test_ids_in_a_body_are_found_in_many_languages(body: str) -> None:
    assert can_confirm(candidates_in(body))


@pytest.mark.parametrize(
    ("member", "order"),
    [
        ("8812", "100234"),
        ("M-77", "#100234"),
        ("A1", "2024-AB-123"),
        ("55", "1234-5678"),
    ],
)
def test_labelled_ids_of_other_shops_come_first(member: str, order: str) -> None:
    found = candidates_in(f"Member ID: {member}, order number: {order}")

    assert same_id(found.members[0], member)
    assert any(same_id(number, order) for number in found.orders)


def test_dates_prices_times_telephones_and_links_are_no_candidates() -> None:
    found = candidates_in(
        "On 19.11.2026 at 10:30 it cost $135.00 or 1.234,56 EUR, call +49 171 1234567,"
        " see https://shop.example/12345 or write to me99@mail.example (2026-11-04)."
    )

    assert found.members == found.orders == ()


def test_own_patterns_narrow_the_candidates() -> None:
    patterns = IdPatterns(
        member=re.compile(r"m\d{6}", re.IGNORECASE),
        order=re.compile(r"ord-\d{8}-\d{4}", re.IGNORECASE),
    )

    found = read_ids(f"Claim {ORDER} {MEMBER} 4711", patterns).candidates

    assert found.members == (MEMBER,)
    assert found.orders == (ORDER,)


def test_a_part_that_the_subject_lacks_may_stand_in_the_body() -> None:
    subject = read_ids(f"{MEMBER}+Claim").candidates
    body = candidates_in(f"My order number is {ORDER}")

    assert can_confirm(together(subject, body))


# -- pairs and ids ----------------------------------------------------------------


def test_every_order_is_asked_once_before_any_is_asked_twice() -> None:
    many = tuple(f"A{n}" for n in range(MOST_CANDIDATES))

    asked = pairs(Candidates(members=many, orders=many))

    assert len(asked) == MOST_PAIRS
    assert {order for _, order in asked[:MOST_CANDIDATES]} == set(many)
    assert all(member != order for member, order in asked)


def test_a_swapped_strict_subject_is_asked_the_other_way_round_too() -> None:
    found = read_ids(f"{ORDER}+{MEMBER}+Claim").candidates

    assert (MEMBER, ORDER) in pairs(found)


def test_ids_compare_without_case_spaces_width_and_kind_of_dash() -> None:
    assert same_id("ORD-20261104", "ｏｒｄ–2026 1104")
    assert not same_id("ORD-1", "ORD-11")


# -- hostile and random text --------------------------------------------------------

_ids = st.from_regex(r"[A-Z]{0,4}[0-9]{2,10}(-[0-9A-Z]{1,6}){0,2}", fullmatch=True)
_plus = st.sampled_from(["+", " + ", "＋", " ﹢", "⁺ ", "➕", "  +  "])
_prefix = st.sampled_from(["", "Re: ", "Fwd: RE[3]: ", "AW:", "转发: ", "[EXT] "])
_case = st.sampled_from([str.upper, str.lower, str.title])


@given(_ids, _ids, _plus, _plus, _prefix, _case)
def test_the_strict_form_survives_any_way_of_writing_it(
    member: str,
    order: str,
    plus: str,
    again: str,
    prefix: str,
    case: type[str],
) -> None:
    subject = f"{prefix}{case(f'{member}{plus}{order}{again}claim')} soon"

    found = read_ids(subject).candidates

    assert found.is_strict
    assert same_id(found.members[0], member)
    assert same_id(found.orders[0], order)
    assert is_among(member, found)


@given(st.text(), st.text())
def test_no_text_raises_or_gives_too_many_candidates(subject: str, body: str) -> None:
    found = together(read_ids(subject).candidates, candidates_in(body))

    assert len(found.members) <= MOST_CANDIDATES
    assert len(found.orders) <= MOST_CANDIDATES
    assert len(pairs(found)) <= MOST_PAIRS


@pytest.mark.parametrize(
    "piece",
    ["a", "1 ", "+", "-", "a1-", "#", "@", " ", "[a]", "re: ", "order number: ",
     "order: ORD 1 2 ", "member id order no ", "M1+", "1/", "\u200b", "\ufdfa"],
)  # fmt: skip
def test_200_kilobytes_of_anything_take_less_than_a_fifth_of_a_second(
    piece: str,
) -> None:
    text = (piece * 200_000)[:200_000]

    started = time.process_time()
    together(read_ids(text).candidates, candidates_in(text))

    assert time.process_time() - started < 0.2
