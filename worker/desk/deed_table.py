"""What may be done to a claim at the desk, besides replying: one entry a form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from worker import decide
from worker.bootstrap import Parts
from worker.decide import Done, Staff
from worker.desk.deed_facts import Choice, DeedFacts
from worker.desk.words import plain
from worker.domain.claim import Claim, ClaimType, Event
from worker.domain.documents import DocumentKind
from worker.notify import PaymentProblem

E = Event
Typed = Mapping[str, str]
PAYMENT, ENDS, HELD = "Payment", "Ends and returns", "Held e-mails"
GROUPS = ("Review", PAYMENT, ENDS, HELD)


@dataclass(frozen=True, slots=True)
class Blank:
    """One field of a form; with choices it is a list to choose from."""

    name: str
    label: str
    choices: Callable[[DeedFacts], tuple[Choice, ...]] | None = None
    is_long: bool = False
    is_needed: bool = True


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that a person may do; `tells` says that the member gets an e-mail."""

    key: str
    title: str
    event: Event
    run: Callable[[Parts, Claim, Staff, Typed], Done]
    blanks: tuple[Blank, ...] = ()
    says: str = ""
    tells: bool = False
    is_grave: bool = False
    group: str = "Review"
    if_also: Callable[[DeedFacts], bool] = field(default=lambda _: True)


def _why(label: str = "Why (stands in the history)") -> Blank:
    return Blank("reason", label, is_long=True)


def _release(parts: Parts, claim: Claim, staff: Staff, typed: Typed) -> Done:
    decide.release(parts, int(typed["email"]), by=staff)
    return Done(claim)


def _discard(parts: Parts, claim: Claim, staff: Staff, typed: Typed) -> Done:
    email_id = int(typed["email"])
    decide.discard(parts, email_id, by=staff, reason=typed["reason"])
    return Done(claim)


DEEDS: tuple[Deed, ...] = (
    Deed(
        "return",
        "Return to review",
        E.DECISION_RETURNED,
        lambda p, c, s, t: decide.give_back(p, c, by=s, reason=t["reason"]),
        (_why("What should be looked at again"),),
        "The proposed decision goes back to review; nothing is sent.",
    ),
    Deed(
        "overrule",
        "Set the failed check aside",
        E.INELIGIBLE_OVERRULED,
        lambda p, c, s, t: decide.overrule(p, c, by=s, reason=t["reason"]),
        (_why(),),
        "The claim is reviewed all the same.",
    ),
    Deed(
        "carrier",
        "Ask the carrier",
        E.CARRIER_ASKED,
        lambda p, c, s, t: decide.ask_carrier(p, c, by=s, reason=t["reason"]),
        (_why("What was asked"),),
        "The seven days run on.",
    ),
    Deed(
        "carrier-answered",
        "The carrier has answered",
        E.CARRIER_ANSWERED,
        lambda p, c, s, t: decide.carrier_answered(p, c, by=s, reason=t["reason"]),
        (_why("What the carrier says"),),
    ),
    Deed(
        "waive",
        "Do without a document",
        E.DOCUMENT_WAIVED,
        lambda p, c, s, t: decide.waive(
            p, c, DocumentKind(t["document"]), by=s, reason=t["reason"]
        ),
        (Blank("document", "Document", lambda f: f.documents), _why()),
        if_also=lambda f: f.is_assessed and bool(f.documents),
    ),
    Deed(
        "type",
        "Say what happened",
        E.TYPE_CHOSEN,
        lambda p, c, s, t: decide.choose_type(p, c, ClaimType(t["kind"]), by=s),
        (Blank("kind", "What happened to the package", lambda f: f.types),),
        "The claim is assessed again.",
        if_also=lambda f: f.is_assessed,
    ),
    Deed(
        "package",
        "Say which package",
        E.PACKAGE_CHOSEN,
        lambda p, c, s, t: decide.choose_package(p, c, t["package"], by=s),
        (Blank("package", "Package of the order", lambda f: f.packages),),
        "The claim is assessed again.",
        if_also=lambda f: f.is_assessed and bool(f.packages),
    ),
    Deed(
        "confirm",
        "The sender is the member",
        E.IDENTITY_CONFIRMED,
        lambda p, c, s, t: decide.confirm(p, c, by=s, reason=t["reason"]),
        (_why("How it was checked"),),
        "The claim is assessed, and the member gets the receipt.",
        tells=True,
    ),
    Deed(
        "pay",
        "Order the payout",
        E.PAYOUT_CREATED,
        lambda p, c, s, _: decide.pay(p, c, by=s),
        group=PAYMENT,
    ),
    Deed(
        "pay-again",
        "Order the payout again",
        E.PAYOUT_RETRIED,
        lambda p, c, s, _: decide.pay(p, c, by=s),
        group=PAYMENT,
    ),
    Deed(
        "complete",
        "It is paid",
        E.PAYOUT_DONE,
        lambda p, c, s, t: decide.complete(p, c, by=s, reference=t["reference"]),
        (Blank("reference", "The payment's reference"),),
        "The member gets the completion notice.",
        tells=True,
        group=PAYMENT,
    ),
    Deed(
        "payment-failed",
        "The payout failed",
        E.PAYOUT_FAILED,
        lambda p, c, s, t: decide.payment_failed(
            p, c, by=s, problem=PaymentProblem(t["problem"])
        ),
        (
            Blank(
                "problem",
                "Why",
                lambda _: tuple(
                    Choice(one.value, plain(one)) for one in PaymentProblem
                ),
            ),
        ),
        "The member hears what only they can mend.",
        tells=True,
        group=PAYMENT,
    ),
    Deed(
        "take-appeal",
        "Take the appeal",
        E.APPEAL_TAKEN,
        lambda p, c, s, _: decide.take_appeal(p, c, by=s),
        says="Its review begins; not for who decided before.",
        if_also=lambda f: not f.has_decided,
    ),
    Deed(
        "appeal",
        "Open on appeal",
        E.APPEAL_FILED,
        lambda p, c, s, t: decide.appeal(p, c, by=s, reason=t["reason"]),
        (_why("What the member says"),),
        "A new clock begins, and the member hears of it.",
        tells=True,
        group=ENDS,
        if_also=lambda f: f.may_be_appealed,
    ),
    Deed(
        "close",
        "Close as incomplete",
        E.DOCS_EXPIRED,
        lambda p, c, s, t: decide.close(p, c, by=s, reason=t["reason"]),
        (Blank("reason", "Why", is_long=True, is_needed=False),),
        "The documents never came; the member hears how to reopen it.",
        tells=True,
        is_grave=True,
        group=ENDS,
        if_also=lambda f: f.is_overdue,
    ),
    Deed(
        "withdraw",
        "The member takes it back",
        E.WITHDRAWN,
        lambda p, c, s, t: decide.withdraw(p, c, by=s, reason=t["reason"]),
        (_why("What the member wrote"),),
        "The claim ends; the member gets a confirmation.",
        tells=True,
        is_grave=True,
        group=ENDS,
        if_also=lambda f: f.has_later_mail,
    ),
    Deed(
        "merge",
        "Merge into another claim",
        E.MERGED,
        lambda p, c, s, t: decide.merge(p, c, decide.find_claim(p, t["into"]), by=s),
        (Blank("into", "Claim that goes on", lambda f: f.siblings),),
        "The other claim takes over the mails and documents.",
        tells=True,
        is_grave=True,
        group=ENDS,
        if_also=lambda f: bool(f.siblings),
    ),
    Deed(
        "stop",
        "Stop the claim",
        E.STOPPED,
        lambda p, c, s, t: decide.stop(p, c, by=s, reason=t["reason"]),
        (_why(),),
        "Nobody decides or pays it; its clock runs on.",
        is_grave=True,
        group=ENDS,
        if_also=lambda f: f.is_open and not f.has_stopped,
    ),
    Deed(
        "resume",
        "Let it go on",
        E.RESUMED,
        lambda p, c, s, t: decide.resume(p, c, by=s, reason=t["reason"]),
        (_why(),),
        group=ENDS,
        if_also=lambda f: f.has_stopped,
    ),
    Deed(
        "release",
        "Send a held e-mail",
        E.EMAIL_RELEASED,
        _release,
        (Blank("email", "E-mail", lambda f: f.held),),
        "It goes out as it was written.",
        tells=True,
        group=HELD,
        if_also=lambda f: bool(f.held),
    ),
    Deed(
        "discard",
        "Give up a held e-mail",
        E.EMAIL_DISCARDED,
        _discard,
        (Blank("email", "E-mail", lambda f: f.held), _why()),
        "It is kept, and not sent.",
        is_grave=True,
        group=HELD,
        if_also=lambda f: bool(f.held),
    ),
)
