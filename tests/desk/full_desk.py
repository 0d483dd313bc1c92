"""A desk with something on every page: claims in many states, mails, dead letters.

For tests that look at pages and change nothing; everything is made by the real steps.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from tests.builders import a_package, a_when
from tests.builders_mail import claim_files, make_claim_mail
from tests.desk.browsers import a_served_desk
from tests.desk.claims import fields_of
from tests.desk.claims_made import (
    DAY,
    HOUR,
    KATHARINA,
    LUCIA,
    WEI,
    Case,
    add_claims,
    deliver,
    directory,
)
from tests.desk.test_triage import fill, orders, unmatched
from tests.desk.visitors import Visitor, a_person, password_hash, signed_in
from tests.flow.test_operating import dead, park
from tests.office import OPENING, Office, an_office
from worker import decide, operating
from worker.adapters.store.job_figures import Ending
from worker.adapters.store.points_entries import Holder
from worker.adapters.store.points_orders import Bought
from worker.desk.claim_files import file_key
from worker.domain.claim import Claim, ClaimState
from worker.domain.orders import Order
from worker.domain.staff import StaffRole
from worker.erasing import erase

PAID = Case("Nina Weber", "M104310", "ORD-20261104-0210", "The cups inside are broken.")
DEAR = Case(
    "Omar Haddad", "M104311", "ORD-20261104-0211", "My parcel is lost.", value="700.00"
)
LATE = Case(
    "Ines Costa", "M104312", "ORD-20261104-0212", "It came broken.", ago=2 * DAY
)
SENT = Case("Jack Moore", "M104313", "ORD-20261104-0213", "The plates are broken.")
STOPPED = Case("Eva Novak", "M104314", "ORD-20261104-0214", "The glass is broken.")
GONE = "M2999999"
"""A member who was erased, and their only claim with them."""
MADE = 12
"""Claims without mails, so that the list is long."""


@dataclass(frozen=True)
class FullDesk:
    """The office, and the numbers of what its pages are about, by name."""

    office: Office
    address: str
    numbers: dict[str, int]
    file_key: str

    def where(self, path: str) -> str:
        """The address of a path, with numbers in place of names: `/claims/{paid}`."""
        return self.address + path.format(**self.numbers, file=self.file_key)

    def session_of(self, name: str) -> str:
        """The secret of a browser in which somebody has signed in."""
        person = self.office.parts.desk.people.named(name)
        assert person is not None
        return self.office.parts.desk.sessions.begin(person.person_id)


@contextmanager
def a_full_desk(home: Path) -> Iterator[FullDesk]:
    """Give a desk whose admin is ada; the others have the names of their roles."""
    with an_office(home, *orders(), *_directory()) as office:
        people = _people(office)
        claims = _claims(office)
        mails = _mails(office)
        letters = {f"dead_{one.kind}": one.job_id for one in dead(office)}
        _machinery(office)
        _words(office, claims)
        piece = office.store.claims.pieces(claims["paid"])[0]
        stranger = office.store.mails.get(mails["held"]).claim_id
        assert stranger is not None
        claims["stranger"] = stranger
        numbers = {**people, **claims, **mails, **letters, "file_mail": piece.mail_id}
        numbers["account"] = _points(office)
        with a_served_desk(office) as address:
            yield FullDesk(office, address, numbers, file_key(piece.path))


@contextmanager
def with_a_provider(desk: FullDesk) -> Iterator[None]:
    """Let people sign in at a provider too; nobody asks it anything."""
    parts = desk.office.parts
    before = parts.settings
    parts.settings = before.model_copy(
        update={
            "oidc_issuer": "https://id.example",
            "oidc_client_id": "claims desk",
            "oidc_client_secret": SecretStr("secret"),
            "oidc_name": "Example ID",
        }
    )
    yield
    parts.settings = before


def _directory() -> tuple[Order, ...]:
    """The orders: one of a parcel that never came, one that was late."""
    plain = directory((WEI, LUCIA, KATHARINA, PAID, SENT, STOPPED))
    lost = dataclasses.replace(
        DEAR.directory,
        packages=(a_package(sales_price_usd="700.00", value_usd="700.00"),),
    )
    delivered = OPENING - LATE.ago - 30 * HOUR
    package = a_package(arrived=a_when(delivered - DAY), delivered=a_when(delivered))
    return (*plain, lost, dataclasses.replace(LATE.directory, packages=(package,)))


def _people(office: Office) -> dict[str, int]:
    people = office.parts.desk.people
    found = {role.value: a_person(office, role.value, role) for role in StaffRole}
    found["ada"] = a_person(office, "ada", StaffRole.ADMIN)
    found["gone"] = a_person(office, "gone", StaffRole.AGENT)
    people.disable(found["gone"].person_id)
    found["new"] = people.add(
        "new",
        StaffRole.AGENT,
        full_name="Newly Come",
        password_hash=password_hash(),
        must_change_password=True,
    )
    found["safe"] = a_person(office, "safe", StaffRole.AGENT)
    people.set_totp(found["safe"].person_id, "JBSWY3DPEHPK3PXP", used_step=1)
    actions = office.parts.desk.actions
    actions.add("ada", "role changed", "staff:agent", data={"role": "agent"})
    return {name: one.person_id for name, one in found.items()}


def _claims(office: Office) -> dict[str, int]:
    # The first one; the others send the same photographs, which is a flag.
    deliver(office, (PAID, WEI, LUCIA, KATHARINA, LATE, SENT, STOPPED))
    office.deliver(dataclasses.replace(DEAR, has_all=False).mail)
    office.deliver(
        make_claim_mail(
            member=DEAR.member,
            order=DEAR.order,
            sender=f"{DEAR.name} <{DEAR.address}>",
            subject=f"Re: {DEAR.member}+{DEAR.order}+Claim",
            text="My parcel never arrived, it is lost.",
            files=claim_files(DEAR.order)[:2],
            headers=[("Message-ID", "<more@post.example>")],
        )
    )
    found = {one.order_number: one for one in _listed(office)}
    paid, stopped = found[PAID.order], found[STOPPED.order]
    decide.approve(
        office.parts, paid, amount="80.00", by="agent", reason="The lid is broken."
    )
    office.run()
    decide.pay(office.parts, _now(office, paid), by="lead")
    decide.complete(office.parts, _now(office, paid), by="lead", reference="PAY-1")
    decide.stop(office.parts, stopped, by="lead", reason="Two people ask for it.")
    office.run()
    add_claims(office, MADE)
    erased = add_claims(office, 1, member_id=GONE, state=ClaimState.WITHDRAWN)[0]
    erase(office.parts, GONE, by="ada", basis="request", is_applied=True)
    named = {
        "review": WEI,
        "documents": LUCIA,
        "paid": PAID,
        "late": LATE,
        "sent": SENT,
        "stopped": STOPPED,
        "proposed": DEAR,
    }
    numbers = {name: found[case.order].claim_id for name, case in named.items()}
    return numbers | {"erased": erased.claim_id}


def _listed(office: Office) -> list[Claim]:
    return office.store.claims.listed(open_only=False, limit=100)


def _now(office: Office, claim: Claim) -> Claim:
    found = office.store.claims.get(claim.claim_id)
    assert found is not None
    return found


def _mails(office: Office) -> dict[str, int]:
    first = unmatched(office)
    fill(office)  # five: several orders, a stranger, one unmatched, a machine, parked
    park(office, make_claim_mail(subject="cannot be read"))
    names = ("unmatched", "several", "held", "points", "machine", "parked")
    return {name: first + at for at, name in enumerate(names)}


def _machinery(office: Office) -> None:
    """Figures of jobs, a queue that rests, an alert, held e-mails, tokens."""
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            "update emails set status = 'held', held_reason = 'breaker'"
            " where id in (select id from emails where kind = 'received' limit 2)"
        )
    office.deliver(make_claim_mail(subject="one more"), run=False)
    with office.store.transaction() as work:
        work.raise_alert("approval_needed", "claim:1", claim_id=1)
        work.raise_alert("mailbox_away", "INBOX")
    office.parts.announce()
    tally = office.store.job_figures.tally
    for took_ms in (30, 400, 4000):
        tally.ended("send", "send", Ending.DONE, took_ms=took_ms, waited_ms=2)
    tally.ended("send", "send", Ending.FAILED, took_ms=40, waited_ms=2)
    office.store.job_figures.flush()
    operating.pause(office.parts, "ocr", by="operator")
    tokens = office.parts.desk.tokens
    tokens.add("dashboard", by="ada")
    tokens.add("old robot", by="ada")
    tokens.revoke(2)


def _points(office: Office) -> int:
    """Give a member points on two sites; return the account that spent some."""
    ledger = office.parts.points
    here = Holder(PAID.member, "main")
    ledger.verify(here)
    ledger.place(here, Bought(PAID.order, product_cents=8000))
    ledger.confirm(here, PAID.order)
    ledger.spend_on(here, "coupon-1", 120)
    ledger.adjust(here, "k1", 40, by="ada", reason="goodwill")
    ledger.verify(Holder(PAID.member, "eu"))
    return next(
        one.account_id for one in ledger.accounts_of(PAID.member) if one.site == "main"
    )


def _words(office: Office, claims: dict[str, int]) -> None:
    """What people wrote: a proposal, a reply on its way, notes, kept lists."""
    desk = office.parts.desk
    with signed_in(office, name="lead") as lead:
        _reply(lead, claims["proposed"], "propose", body="It is lost.")
        _reply(lead, claims["sent"], "send", kind="respond", body="Soon.")
        _reply(lead, claims["stopped"], "save", body="We look at it again.")
    desk.remarks.add(claims["review"], "Ask @lead about the vase.", by="agent")
    desk.assignments.assign({claims["review"]: "ada", 3: "agent"}, by="ada")
    ada = desk.people.named("ada")
    assert ada is not None
    desk.views.save(ada.person_id, "Broken goods", "type=damage")


def _reply(visitor: Visitor, claim_id: int, do: str, **typed: object) -> None:
    form = fields_of(visitor.get(f"/claims/{claim_id}"))
    sent = visitor.post(f"/claims/{claim_id}/reply", **(form | {"do": do} | typed))
    assert sent.status_code == 303, sent.text
