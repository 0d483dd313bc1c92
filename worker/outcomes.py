"""What two records made of the same mails, and in what that differs.

A difference names the claim, or the mail that led to none, and lists its changes: the
claim itself, a verdict, a clock, the proposal, an e-mail.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from itertools import islice

from worker.adapters.store import Store
from worker.adapters.store.outbox import NOTE, Email
from worker.adapters.store.replica import (
    MailEnd,
    claim_ids,
    mail_ends,
    mails_answered_alone,
)
from worker.domain.claim import Claim, reference
from worker.domain.findings import Assessment

CLAIM, VERDICT, CLOCK, PROPOSAL, EMAIL = KINDS = (
    "claim",
    "verdict",
    "clock",
    "proposal",
    "email",
)
"""What can change, in the order in which it is listed."""
_WAITS_ON_THE_WORKER = frozenset({"documents_due_at", "next_due_at"})
_MOST_DIFF_LINES = 200
Values = dict[tuple[str, str], str | None]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not the same; None where it is not there at all.

    `what` is one of claim, verdict, clock, proposal and email. Of an e-mail `before`
    and `after` are the subjects, `parts` is what of it differs, and `diff` has the
    lines of text that it loses and gains.
    """

    what: str
    name: str
    before: str | None
    after: str | None
    parts: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One claim, or one mail that led to none, of which two records differ.

    `is_decided` says that a person has decided the claim already, so that its
    proposal is of no consequence any more.
    """

    claim_id: int | None
    mail_id: int | None
    order_number: str | None
    is_decided: bool
    changes: tuple[Change, ...]

    @property
    def ref(self) -> str:
        """Return the name of what differs: CLM-000012, or mail 7."""
        if self.claim_id is not None:
            return reference(self.claim_id)
        return f"mail {self.mail_id}"


def differences(
    before: Store,
    after: Store,
    *,
    decided: frozenset[int],
    progress: Callable[[int, int], None],
) -> Iterator[Difference]:
    """Yield in what two records differ, claims first, each by its number.

    Args:
        before: the one record.
        after: the other.
        decided: claims that a person has decided.
        progress: told after each claim how many are done, and of how many.
    """
    every = sorted({*claim_ids(before), *claim_ids(after)})
    for number, claim_id in enumerate(every, start=1):
        one, two = _claim_values(before, claim_id), _claim_values(after, claim_id)
        emails_one, emails_two = (
            _of_claim(before, claim_id),
            _of_claim(after, claim_id),
        )
        changes = [*_changes(one, two), *_email_changes(emails_one, emails_two)]
        if changes:
            claim = after.claims.get(claim_id) or before.claims.get(claim_id)
            yield Difference(
                claim_id=claim_id,
                mail_id=None,
                order_number=None if claim is None else claim.order_number,
                is_decided=claim_id in decided,
                changes=tuple(changes),
            )
        progress(number, len(every))
    yield from _mail_differences(before, after)


def judged_otherwise(
    stored: Store, replayed: Store, of: frozenset[int]
) -> Iterator[Difference]:
    """Yield the claims of the stored record that a replay judges otherwise.

    E-mails are left out, and clocks that hang on when the worker wrote something.

    Args:
        stored: the installation's record.
        replayed: the same mails judged once more.
        of: its claims when the replay began.
    """
    for claim_id in sorted({*of, *claim_ids(replayed)}):
        one, two = _claim_values(stored, claim_id), _claim_values(replayed, claim_id)
        left_out = {(CLOCK, name) for name in _WAITS_ON_THE_WORKER}
        claims = (stored.claims.get(claim_id), replayed.claims.get(claim_id))
        if any(claim is not None and claim.promised_at for claim in claims):
            left_out.add((CLOCK, "respond_by"))
        changes = tuple(
            change
            for change in _changes(one, two)
            if (change.what, change.name) not in left_out
        )
        if changes:
            claim = claims[0] or claims[1]
            yield Difference(
                claim_id=claim_id,
                mail_id=None,
                order_number=None if claim is None else claim.order_number,
                is_decided=False,
                changes=changes,
            )


def rebuilt_otherwise(
    stored: Store, rebuilt: Store, of: frozenset[int]
) -> Iterator[Difference]:
    """Yield claims and mails of the stored record that a rebuilt one has otherwise.

    Compared are claims as `judged_otherwise` does, what was decided, and the end of
    every mail.

    Args:
        stored: the installation's record.
        rebuilt: the record made once more, with all that people did.
        of: the claims to compare.
    """
    for one in judged_otherwise(stored, rebuilt, of):
        if one.claim_id in of or stored.claims.get(one.claim_id or 0) is None:
            yield one
    for claim_id in sorted(of):
        amounts = [
            None if amount is None else f"{amount:.2f}"
            for amount in (
                store.claims.decided_usd(claim_id) for store in (stored, rebuilt)
            )
        ]
        claim = stored.claims.get(claim_id)
        if amounts[0] != amounts[1] and claim is not None:
            yield Difference(
                claim_id=claim_id,
                mail_id=None,
                order_number=claim.order_number,
                is_decided=True,
                changes=(Change(CLAIM, "decided_usd", amounts[0], amounts[1]),),
            )
    ends, again = mail_ends(stored), mail_ends(rebuilt)
    for mail_id in sorted(ends):
        changes = tuple(_end_changes(ends[mail_id], again.get(mail_id)))
        if changes and (ends[mail_id].claim_id is None or ends[mail_id].claim_id in of):
            yield Difference(
                claim_id=None,
                mail_id=mail_id,
                order_number=None,
                is_decided=False,
                changes=changes,
            )


# -- claims -----------------------------------------------------------------------


def _claim_values(store: Store, claim_id: int) -> Values:
    claim = store.claims.get(claim_id)
    if claim is None:
        return {}
    assessment = store.claims.latest_assessment(claim_id)
    return _facts(claim) | ({} if assessment is None else _verdicts(assessment))


def _facts(claim: Claim) -> Values:
    return {
        (CLAIM, "claim_type"): claim.claim_type,
        (CLAIM, "package_id"): claim.package_id,
        (CLAIM, "state"): claim.state,
        (CLOCK, "received_at"): _iso(claim.received_at),
        (CLOCK, "docs_complete_at"): _iso(claim.docs_complete_at),
        (CLOCK, "respond_by"): _iso(claim.respond_by),
        (CLOCK, "documents_due_at"): _iso(claim.documents_due_at),
        (CLOCK, "next_due_at"): _iso(claim.next_due_at),
    }


def _verdicts(assessment: Assessment) -> Values:
    values: Values = {
        (VERDICT, document.kind): document.verdict
        if document.why is None
        else f"{document.verdict} ({document.why})"
        for document in assessment.documents
    }
    by_clause: dict[str, list[str]] = {}
    for finding in assessment.findings:
        by_clause.setdefault(finding.clause, []).append(finding.verdict)
    values |= {(VERDICT, clause): ", ".join(said) for clause, said in by_clause.items()}
    values[VERDICT, "flags"] = ", ".join(sorted(assessment.flags)) or None
    proposal = assessment.proposal
    if proposal is not None:
        most = "at most " if proposal.needs_person else ""
        values[PROPOSAL, "total_usd"] = f"{most}{proposal.total.amount:.2f}"
        values[PROPOSAL, "lines"] = "; ".join(
            f"{line.label}: {line.amount.amount:.2f}" for line in proposal.lines
        )
        if proposal.points_restored:
            values[PROPOSAL, "points_restored"] = str(proposal.points_restored)
    return values


def _changes(before: Values, after: Values) -> list[Change]:
    if not before or not after:
        state = (CLAIM, "state")
        here, there = before.get(state), after.get(state)
        return [] if here == there else [Change(*state, here, there)]
    order = {what: place for place, what in enumerate(KINDS)}
    changed = [
        Change(what, name, before.get((what, name)), after.get((what, name)))
        for what, name in dict.fromkeys([*before, *after])
        if before.get((what, name)) != after.get((what, name))
    ]
    return sorted(changed, key=lambda change: order[change.what])


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


# -- mails without a claim ----------------------------------------------------------


def _mail_differences(before: Store, after: Store) -> Iterator[Difference]:
    ends_before, ends_after = mail_ends(before), mail_ends(after)
    answered = {*mails_answered_alone(before), *mails_answered_alone(after)}
    for mail_id in sorted({*ends_before, *ends_after}):
        one, two = ends_before.get(mail_id), ends_after.get(mail_id)
        changes = list(_end_changes(one, two))
        if mail_id in answered:
            emails = (_of_mail(before, mail_id), _of_mail(after, mail_id))
            changes += _email_changes(*emails)
        if changes:
            yield Difference(
                claim_id=None,
                mail_id=mail_id,
                order_number=None,
                is_decided=False,
                changes=tuple(changes),
            )


def _end_changes(one: MailEnd | None, two: MailEnd | None) -> Iterator[Change]:
    fates = [None if end is None else end.fate for end in (one, two)]
    claims = [
        None if end is None or end.claim_id is None else reference(end.claim_id)
        for end in (one, two)
    ]
    for name, (before, after) in (("fate", fates), ("claim", claims)):
        if before != after:
            yield Change(CLAIM, name, before, after)


# -- e-mails ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Words:
    """What an e-mail says; one that could not be made says nothing."""

    to: str
    subject: str
    text: str
    html: str
    is_made: bool


def _of_claim(store: Store, claim_id: int) -> dict[str, _Words]:
    """Return the claim's e-mails by kind and number, and the draft of today.

    The note beside a draft says when and from which templates it was written, so it
    would differ always; what it rests on is compared by itself.
    """
    return _numbered(store.outbox.of_claim(claim_id))


def _of_mail(store: Store, mail_id: int) -> dict[str, _Words]:
    emails = store.outbox.of_mail(mail_id)
    return _numbered([email for email in emails if email.claim_id is None])


def _numbered(emails: list[Email]) -> dict[str, _Words]:
    found: dict[str, _Words] = {}
    counts: dict[str, int] = {}
    for email in emails:
        if email.status == "cancelled" or email.kind == NOTE:
            continue
        kind = f"draft {email.kind}" if email.status == "draft" else email.kind
        counts[kind] = counts.get(kind, 0) + 1
        name = kind if counts[kind] == 1 else f"{kind} {counts[kind]}"
        found[name] = _words(email)
    return found


def _words(email: Email) -> _Words:
    message = message_from_bytes(email.raw, policy=default)
    return _Words(
        to=email.recipient,
        subject=email.subject,
        text=_part(message, "plain"),
        html=_part(message, "html"),
        is_made=bool(email.raw),
    )


def _part(message: object, kind: str) -> str:
    part = message.get_body((kind,)) if isinstance(message, EmailMessage) else None
    return "" if part is None else str(part.get_content())


def _email_changes(
    before: Mapping[str, _Words], after: Mapping[str, _Words]
) -> Iterator[Change]:
    for name in dict.fromkeys([*before, *after]):
        one, two = before.get(name), after.get(name)
        if one != two:
            yield Change(
                EMAIL,
                name,
                _subject(one),
                _subject(two),
                parts=_parts(one, two),
                diff=_diff(one, two),
            )


def _subject(words: _Words | None) -> str | None:
    if words is None or words.is_made:
        return None if words is None else words.subject
    return "could not be made: its template fails"


def _parts(one: _Words | None, two: _Words | None) -> tuple[str, ...]:
    """Return what differs of an e-mail that both have."""
    if one is None or two is None or not (one.is_made and two.is_made):
        return ()
    names = ("to", "subject", "text", "html")
    return tuple(part for part in names if getattr(one, part) != getattr(two, part))


def _diff(one: _Words | None, two: _Words | None) -> tuple[str, ...]:
    if one is None or two is None:
        return ()
    lines = difflib.unified_diff(
        one.text.splitlines(), two.text.splitlines(), n=0, lineterm=""
    )
    shown = [line for line in islice(lines, 2, None) if not line.startswith("@@")]
    return tuple(shown[:_MOST_DIFF_LINES])
