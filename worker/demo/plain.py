"""The demo where there is no terminal: one line for each thing that happens."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from worker.demo.watching import Scene
from worker.terminal import short_ref, words


@dataclass(slots=True)
class Ticker:
    """Tells what is new since the last look."""

    _told: set[tuple[str, int, str]] = field(default_factory=set)

    def news(self, scene: Scene) -> Iterator[str]:
        """Yield a line for each mail, state and e-mail that was not told yet."""
        for mail in scene.mails:
            if mail.fate is not None and self._is_new("mail", mail.mail_id, mail.fate):
                claim = "" if mail.claim_id is None else f", {short_ref(mail.claim_id)}"
                fate = words(mail.fate)
                yield f"mail   {mail.sender}: {mail.title} -> {fate}{claim}"
        for seen in sorted(scene.claims, key=lambda one: one.claim.claim_id):
            number, state = seen.claim.claim_id, seen.claim.state
            if self._is_new("claim", number, state):
                by = seen.claim.respond_by
                clock = f", respond by {by:%Y-%m-%d %H:%M} UTC" if by else ""
                yield f"claim  {short_ref(number)} is {words(state)}{clock}"
        for email in scene.emails:
            if self._is_new("email", email.email_id, email.status):
                kind = words(email.kind)
                yield f"reply  {kind} to {email.recipient}: {email.status}"

    def _is_new(self, what: str, number: int, code: str) -> bool:
        key = (what, number, code)
        if key in self._told:
            return False
        self._told.add(key)
        return True
