"""Orders and claims that a mail in triage may be about, each with what points there.

Nothing is guessed: an order is a candidate where its own number, a tracking number of
its packages, or an address on file stands in the mail, and the reason says which. What
counts is still a person's choice.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from worker.adapters.store.desk.triage import Pointed, PointedOrder, TriageMail
from worker.bootstrap import Parts
from worker.bounced import thread_of
from worker.domain.claim import Claim
from worker.domain.mail import Mail
from worker.domain.orders import normal_id
from worker.domain.reply import verify_message_id, verify_reply_address
from worker.domain.subject import (
    Candidates,
    IdPatterns,
    candidates_in,
    is_among,
    read_ids,
)

MOST_IDS = 40
"""Words of one mail that are looked up. Our choice; ids stand at the top."""
MOST_FILES = 8
MOST_ORDERS = 5
"""Of one member, the newest: more would hide the others."""
LIST_CHARACTERS = 4_000
"""Of a body, where a whole list of mails is looked through."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An order with its claims, and why the mail may be about it, the surest first.

    `is_sure` says that the mail names both the order and its member, or answers an
    e-mail of ours about it.
    """

    order_number: str
    member_id: str
    whys: tuple[str, ...]
    claims: tuple[Claim, ...] = ()
    is_sure: bool = False


@dataclass(frozen=True, slots=True)
class Clues:
    """What in a mail can be looked up: ids with where they stand, words, a sender."""

    named: Candidates
    places: tuple[tuple[str, str], ...]
    """An id as the directory compares it, and where it stands, in reading order."""
    address: str | None

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the ids, each once."""
        return tuple(dict.fromkeys(key for key, _ in self.places))

    def where(self, key: str) -> str:
        """Return the first place where an id stands."""
        return next((place for one, place in self.places if one == key), "")


def clues_of(mail: Mail, patterns: IdPatterns, *, is_brief: bool = False) -> Clues:
    """Return what a mail names: its subject first, then its text, then its files."""
    subject = read_ids(mail.subject, patterns).candidates
    text = mail.own_text[:LIST_CHARACTERS] if is_brief else mail.own_text
    read = [("the subject", subject), ("the text", candidates_in(text, patterns))]
    if not is_brief:
        read += [
            (f"the file {file.filename or file.path}", candidates_in(file.text))
            for file in islice((f for f in mail.attachments if f.text), MOST_FILES)
        ]
    places = [
        (normal_id(word), place)
        for place, found in read
        for word in (*found.orders, *found.members)
    ]
    named = Candidates(
        members=tuple(m for _, found in read for m in found.members),
        orders=tuple(o for _, found in read for o in found.orders),
    )
    return Clues(named, tuple(dict(reversed(places)).items()), mail.from_address)


def listed(
    parts: Parts, mails: Sequence[TriageMail]
) -> dict[int, tuple[Candidate, ...]]:
    """Return the candidates of a page of mails, from the local directory alone.

    A few questions for all mails together; the claims are left out.
    """
    patterns = parts.house.id_patterns
    clues = {
        one.mail_id: clues_of(one.mail, patterns, is_brief=True)
        for one in mails
        if one.mail is not None
    }
    keys = {key for one in clues.values() for key in one.keys[:MOST_IDS]}
    addresses = {one.address for one in clues.values() if one.address is not None}
    pointed = parts.desk.triage.pointed(keys, keys, addresses)
    return {
        mail_id: tuple(_named(one, pointed.orders.get, pointed))
        for mail_id, one in clues.items()
    }


def candidates_of(parts: Parts, record: TriageMail) -> tuple[Candidate, ...]:
    """Return the orders and claims that one mail points at, the surest first.

    Raises:
        RetryLater: the order directory is down.
    """
    if record.mail is None:
        return ()
    clues = clues_of(record.mail, parts.house.id_patterns)
    keys = clues.keys[:MOST_IDS]
    addresses = () if clues.address is None else (clues.address,)
    pointed = parts.desk.triage.pointed(keys, keys, addresses)

    def find(key: str) -> PointedOrder | None:
        order = parts.orders.order(key)
        if order is None:
            return None
        numbers = tuple(normal_id(p.tracking_number or "") for p in order.packages)
        return PointedOrder(order.order_number, order.member.member_id, numbers)

    found = [
        *_of_thread(parts, record.mail),
        *_named(clues, find, pointed),
        *_of_members(parts, clues),
    ]
    return tuple(_with_claims(parts, one) for one in _together(found))


def _named(
    clues: Clues, find: Callable[[str], PointedOrder | None], pointed: Pointed
) -> Iterable[Candidate]:
    """Yield the orders whose own or whose packages' number stands in the mail."""
    for key in clues.keys[:MOST_IDS]:
        order = find(key)
        if order is not None:
            why, is_sure = _of_order(clues, order, key)
            yield Candidate(order.order_number, order.member_id, (why,), (), is_sure)
        tracked = pointed.by_tracking.get(key)
        if tracked is not None:
            why = f"{clues.where(key)} has the tracking number of its package"
            yield Candidate(tracked.order_number, tracked.member_id, (_first(why),))


def _of_order(clues: Clues, order: PointedOrder, key: str) -> tuple[str, bool]:
    where = f"{clues.where(key)} names the order"
    if is_among(order.member_id, clues.named):
        return _first(f"{where} and its member"), True
    return _first(f"{where}, not its member"), False


def _of_thread(parts: Parts, mail: Mail) -> Iterable[Candidate]:
    """Yield the claim whose e-mail the mail answers, and the one that it names."""
    secret = parts.identity.secret_key
    answered: list[tuple[int, str, bool]] = []
    for address in mail.to_addresses:
        issued = verify_reply_address(address, secret)
        if issued is not None:
            answered.append((issued, "It was sent to the claim's own address", True))
    ids = thread_of(mail)
    for message_id in ids:
        issued = verify_message_id(message_id, secret)
        if issued is not None:
            answered.append((issued, "It answers an e-mail of ours", True))
    joined = parts.store.mails.claim_of_messages(ids)
    if joined is not None:
        answered.append((joined, "It answers a mail of the claim", True))
    hinted = read_ids(mail.subject, parts.house.id_patterns).claim_id
    if hinted is not None:
        answered.append((hinted, "The subject names the claim", False))
    for claim_id, why, is_sure in answered:
        claim = parts.store.claims.get(claim_id)
        if claim is not None:
            whys = (f"{why}: {claim.ref}",)
            yield Candidate(claim.order_number, claim.member_id, whys, (), is_sure)


def _of_members(parts: Parts, clues: Clues) -> Iterable[Candidate]:
    """Yield the newest orders of who wrote, and of a member whom the mail names."""
    members = [] if clues.address is None else parts.orders.members_at(clues.address)
    whose = [(m.member_id, "The sender's address is on file for it") for m in members]
    for key in clues.keys[:MOST_IDS]:
        named = parts.orders.member(key)
        if named is not None:
            whose.append(
                (named.member_id, _first(f"{clues.where(key)} names the member"))
            )
    for member_id, why in whose:
        for number in parts.orders.orders_of(member_id)[:MOST_ORDERS]:
            yield Candidate(number, member_id, (why,))


def _together(found: Iterable[Candidate]) -> list[Candidate]:
    """Return each order once with all its reasons; the sure and the many come first."""
    by_order: dict[str, Candidate] = {}
    for one in found:
        key = normal_id(one.order_number)
        known = by_order.get(key)
        if known is None:
            by_order[key] = one
            continue
        by_order[key] = replace(
            known,
            whys=tuple(dict.fromkeys((*known.whys, *one.whys))),
            is_sure=known.is_sure or one.is_sure,
        )
    return sorted(by_order.values(), key=lambda one: (not one.is_sure, -len(one.whys)))


def _with_claims(parts: Parts, one: Candidate) -> Candidate:
    claims = tuple(c for c, _ in parts.store.claims.of_order(one.order_number))
    return replace(one, claims=claims)


def orders_named(candidates: Collection[Candidate]) -> tuple[Candidate, ...]:
    """Return those that a mail names for certain: what it may be split to."""
    return tuple(one for one in candidates if one.is_sure)


def _first(text: str) -> str:
    return text[:1].upper() + text[1:]
