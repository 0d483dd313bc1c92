"""What the installation's record has to be judged once more, read and never written.

The mails that were settled, what people did to their claims, and the order directory.
"""

from typing import Any

from pydantic import SecretStr

from worker.adapters.store.replica import (
    PersonsEvent,
    Waiver,
    persons_events,
    settled_mails,
    waivers,
)
from worker.bootstrap import Parts
from worker.domain.claim import SYSTEM, Event
from worker.domain.errors import RetryLater
from worker.domain.orders import Member, Order, normal_id
from worker.ports import Orders

DECISIONS = frozenset({Event.APPROVED, Event.APPROVED_PARTIAL, Event.REJECTED})
"""What people decide about a claim."""


class Stored:
    """What the record has as it is now.

    `acts` are what people did, oldest first; `decided` the claims that they decided;
    `claim_of` and `first_mail` lead from mails to their claim, and back to the first.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.now = parts.clock.now()
        self.mails = settled_mails(parts.store)
        self.orders = Remembered(parts.orders)
        self.secret_key = _known_key(parts)
        events = persons_events(parts.store, system=SYSTEM)
        acts: list[PersonsEvent | Waiver] = [*events, *waivers(parts.store)]
        self.acts = sorted(acts, key=lambda act: (act.at, act.claim_id))
        self.decided = frozenset(
            one.claim_id for one in events if one.event in DECISIONS
        )
        self.claim_of = {
            mail.mail_id: mail.claim_id
            for mail in self.mails
            if mail.claim_id is not None
        }
        self.claims = frozenset(self.claim_of.values())
        self.first_mail: dict[int, int] = {}
        for mail_id, claim_id in self.claim_of.items():
            self.first_mail.setdefault(claim_id, mail_id)


def _known_key(parts: Parts) -> SecretStr | None:
    """Return the key of our tokens if there is one already; none is made."""
    if parts.settings.secret_key is not None:
        return parts.settings.secret_key
    path = parts.settings.data_dir / "secret.key"
    return SecretStr(parts.secret_key.decode("ascii")) if path.exists() else None


class Remembered:
    """The order directory, each answer asked for once, so that all replays agree.

    `trouble` is why it could not answer; the replay must end then.
    """

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._known: dict[tuple[str, str], Any] = {}
        self.trouble: RetryLater | None = None

    def order(self, order_number: str) -> Order | None:
        """See ports.Orders."""
        key = normal_id(order_number)
        found: Order | None = self._ask("order", key, order_number)
        return found

    def member(self, member_id: str) -> Member | None:
        """See ports.Orders."""
        found: Member | None = self._ask("member", normal_id(member_id), member_id)
        return found

    def members_at(self, address: str) -> tuple[Member, ...]:
        """See ports.Orders."""
        found: tuple[Member, ...] = self._ask("members_at", address.lower(), address)
        return found

    def orders_of(self, member_id: str) -> tuple[str, ...]:
        """See ports.Orders."""
        key = normal_id(member_id)
        found: tuple[str, ...] = self._ask("orders_of", key, member_id)
        return found

    def _ask(self, what: str, key: str, asked: str) -> Any:  # noqa: ANN401 - of each
        if (what, key) not in self._known:
            try:
                self._known[what, key] = getattr(self._orders, what)(asked)
            except RetryLater as error:
                self.trouble = error
                raise
        return self._known[what, key]
