"""Subjects and ids (clause C6): what is found, what is asked, how long it may take."""

import re
import time
from collections.abc import Sequence
from typing import TypeVar

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


def test_C6_the_strict_form_is_read() -> None:
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
        ("Re2: ", True),
        ("RE 3 : ", True),
        ("Re[10]: RE^2: Re(3): ", True),
        ("Rép : ", True),
        ("RÉP.: ", True),
        ("VÁ: ", True),
        ("Απ: ", True),
        ("Отв: ", True),
        ("Отг: ", True),
        ("תשובה: ", True),
        ("رد: ", True),
        ("\u202bRe: ", True),
        ("ตอบกลับ: ", True),
        ("Trả lời: ", True),
        ("ＲＥ：", True),
        ("答覆：", True),
        ("Odpoveď: ", True),
        ("[Fwd: ", False),
        ("(Fwd) ", False),
        ("{Spam?} ", False),
        ("<Extern> ", False),
        ("*EXTERN* ", False),
        ("EXTERNAL: ", False),
        ("ΠΡΘ: ", False),
        ("Továbbítás: ", False),
        ("إعادة توجيه: ", False),
        ("הועבר: ", False),
        ("Chuyển tiếp: ", False),
        ("Weitergeleitet: ", False),
        ("Переслать: ", False),
        ("FW: 답장: WG: ", True),
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


@pytest.mark.parametrize(
    "mark",
    ["“{}”", "„{}“", "«{}»", "‹{}›", "「{}」", "『{}』", "【{}】", "（{}）", "({})",
     "[{}]", "{{{}}}", "<{}>", "《{}》", "〔{}〕", "`{}`", "＂{}＂", "❝{}❞", "*{}*",
     "_{}_", "~{}~", "#{}#", "№{}", "•{}", "¿{}?", "{}!"],
)  # fmt: skip
def test_quotes_and_brackets_of_all_kinds_hide_nothing(mark: str) -> None:
    each = "+".join(mark.format(part) for part in (MEMBER, ORDER, "Claim"))
    whole = mark.format(f"{MEMBER}+{ORDER}+Claim")

    assert can_confirm(read_ids(each).candidates)
    assert can_confirm(read_ids(whole).candidates)


@pytest.mark.parametrize(
    "between",
    ["＋", "﹢", "➕", "⁺", "₊", "加", " 加 ", " plus ", " und ", " and ", " et ",
     " и ", "/", ",", "，", "、", ";", "；", "|", "｜", "·", " – ", " — ", ":", "：",
     " -> ", "\\", "~", "&", "＆", "++", "\t", "_", "。"],
)  # fmt: skip
def test_whatever_stands_between_the_ids_they_are_found(between: str) -> None:
    subject = between.join([MEMBER, ORDER, "Claim"])

    assert can_confirm(read_ids(subject).candidates)


_SCRIPTS = ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "০১২৩৪৫৬৭৮৯", "๐๑๒๓๔๕๖๗๘๙",
            "０１２３４５６７８９", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")  # fmt: skip


@pytest.mark.parametrize("digits", _SCRIPTS)
def test_digits_of_all_scripts_are_read(digits: str) -> None:
    table = str.maketrans("0123456789", digits)
    subject = f"{MEMBER}+{ORDER}+Claim".translate(table)
    body = f"Member ID: {MEMBER}\nOrder number: {ORDER}".translate(table)

    assert read_ids(subject).candidates.is_strict
    assert can_confirm(read_ids(subject).candidates)
    assert can_confirm(candidates_in(body))


@pytest.mark.parametrize(
    "subject",
    [
        "M104\u00ad233+ORD-2026\u00ad1104-0183+Claim",
        "M1\u200b04233+ORD\u200d-20261104\u2060-0183+Cl\ufeffaim",
        "\u200fM104233\u200f+\u202aORD-20261104-0183\u202c+\u2066Claim\u2069",
        "M104\u00a0233 + ORD-2026\u202f1104-0183 + Claim",
        "M104 233+ORD 20261104 0183+Claim",
        "M 104 233 + ORD - 20261104 - 0183 + Claim",
        "M104233+ORD–20261104−0183+Claim",
        "M104233+ORD‑20261104－0183+Claim",
        "M104233+ORD_20261104_0183+Claim",
        "M104233+ORD.20261104.0183+Claim",
        "M104233+ORD/20261104/0183+Claim",
        "#M104233+#ORD-20261104-0183+Claim",
        "Ｍ１０４２３３＋ＯＲＤ－２０２６１１０４－０１８３＋Ｃｌａｉｍ",
        "М104233+ORD-20261104-0183+Claim",
        "Μ104233+ORD-20261104-0183+Claim",
        "м104233+ord-20261104-0183+claim",
        "M104233&#43;ORD-20261104-0183&#43;Claim",
    ],
)
def test_signs_inside_numbers_and_other_keyboards_do_not_matter(subject: str) -> None:
    """Soft hyphens, marks of direction, spaces and dashes; Cyrillic and Greek М."""
    found = read_ids(subject).candidates

    assert can_confirm(found)
    assert can_confirm(candidates_in(f"Hello,\n{subject}\nThanks"))


def test_a_lone_letter_that_looks_latin_is_not_changed_in_a_word() -> None:
    found = candidates_in(f"Номер участника: {MEMBER}, Номер заказа {ORDER}")

    assert can_confirm(found)


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


@pytest.mark.parametrize(
    "text", ["ordered 2026-11-01", "my order of 03.11.2026", "Bestellung vom 3.11.26"]
)
def test_the_day_of_an_order_is_no_order_number(text: str) -> None:
    assert candidates_in(text).orders == ()


def test_the_end_of_a_word_for_orders_is_no_part_of_a_number() -> None:
    found = candidates_in("Bestellungen 4711 und 4712")

    assert set(found.orders) == {"4711", "4712"}


@pytest.mark.parametrize("text", ["Order ABC 4711", "订单ABC 4711", "orderABC4711"])
def test_letters_in_front_of_a_number_are_part_of_it(text: str) -> None:
    assert any(same_id(number, "ABC4711") for number in candidates_in(text).orders)


@pytest.mark.parametrize("order", ["2026-11-0412", "11-2026-412", "0412.11.2026"])
def test_a_number_like_a_date_that_is_none_is_an_order_number(order: str) -> None:
    found = read_ids(f"Claim {order} of member M1001").candidates

    assert any(same_id(number, order) for number in found.orders)


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


_SEPARATORS = ["+", " + ", "＋", ",", " / ", ";", " | ", "，", " – ", " & ", "\t"]
_MARKS = [
    "{}",
    '"{}"',
    "„{}“",
    "「{}」",
    "【{}】",
    "({})",
    "\u200b{}",
    "\u200f{}\u200e",
]
_DIGITS = ["0123456789", *_SCRIPTS]
T = TypeVar("T")
_member_ids = st.from_regex(r"M[0-9]{5,8}", fullmatch=True)
_order_numbers = st.from_regex(r"ORD-20[0-9]{6}-[0-9]{4}", fullmatch=True)
_labels = [("", ""), ("Member ID: ", "Order number: "), ("Mitglied ", "Bestellung "),
           ("会员号", "订单号"), ("membre n° ", "commande n° ")]  # fmt: skip


@given(st.data())
def test_any_writing_of_a_valid_triple_leads_to_it_and_to_nothing_else(
    data: st.DataObject,
) -> None:
    """The directory holds neighbours that differ in one digit; none is confirmed."""
    member, order = data.draw(_member_ids), data.draw(_order_numbers)

    def pick(options: Sequence[T]) -> T:
        return data.draw(st.sampled_from(options))

    labels, mark, between = pick(_labels), pick(_MARKS), pick(_SEPARATORS)
    parts = [labels[0] + mark.format(member), labels[1] + mark.format(order)]
    if data.draw(st.booleans()):
        parts.reverse()
    parts.insert(pick([0, 2]), mark.format(pick(["Claim", "claim", "CLAIM"])))
    table = str.maketrans("0123456789", pick(_DIGITS))
    subject = data.draw(_prefix) + between.join(parts).translate(table)
    directory = {
        normal_id(number): owner
        for number, owner in (
            (order, member),
            (_near(order), member),
            (order[:-1], member),
            (f"{order}1", member),
            (_near(order, 5), _near(member)),
        )
    }

    found = read_ids(subject).candidates
    confirmed = {
        (owner, normal_id(number))
        for _, number in pairs(found)
        if (owner := directory.get(normal_id(number))) and is_among(owner, found)
    }

    assert confirmed == {(member, normal_id(order))}


def _near(text: str, at: int = -1) -> str:
    """The id with one digit changed."""
    digit = str((int(text[at]) + 1) % 10)
    return text[:at] + digit + (text[at + 1 :] if at != -1 else "")


@given(_member_ids, _order_numbers, _plus)
def test_a_triple_of_another_members_order_is_never_confirmed(
    member: str, order: str, plus: str
) -> None:
    found = read_ids(plus.join([member, order, "claim"])).candidates

    assert not can_confirm(found, _near(member), order)
    assert not can_confirm(found, member[:-1], order)
    assert not can_confirm(found, member, _near(order))


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
