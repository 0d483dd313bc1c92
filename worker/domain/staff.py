"""People of ours: their roles at the desk, and what each role may do."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from worker.domain.lifecycle import STAFF, Role

THE_MACHINE = "console"
"""Who did it, in the log of actions: whoever may run commands on the machine."""
_NAME = re.compile(r"[\w.+@-]{1,100}")


class StaffRole(StrEnum):
    """What a person is at the desk; an admin gives it."""

    VIEWER = "viewer"
    """Reads claims."""
    AGENT = "agent"
    """Works on claims and answers members."""
    LEAD = "lead"
    """An agent who approves, pays, and sees the figures of the team."""
    OPERATOR = "operator"
    """Runs the machinery; decides no claim."""
    ADMIN = "admin"
    """Everything, and the accounts."""


class Right(StrEnum):
    """One thing that a page or a button asks for."""

    SEE_CLAIMS = "see claims"
    WORK_ON_CLAIMS = "work on claims"
    EXPORT = "export lists"
    SEE_FIGURES = "see the team's figures"
    SEE_OPERATIONS = "see operations"
    OPERATE = "operate queues and dead letters"
    MANAGE_STAFF = "manage accounts and tokens"


_READS = frozenset({Right.SEE_CLAIMS, Right.SEE_OPERATIONS})
_WORKS = _READS | {Right.WORK_ON_CLAIMS, Right.EXPORT}
RIGHTS: dict[StaffRole, frozenset[Right]] = {
    StaffRole.VIEWER: _READS,
    StaffRole.AGENT: _WORKS,
    StaffRole.LEAD: _WORKS | {Right.SEE_FIGURES},
    StaffRole.OPERATOR: _READS | {Right.OPERATE},
    StaffRole.ADMIN: frozenset(Right),
}
"""Which role may what. Our choice; desk-features.md asks for the difference."""
_CLAIM_ROLES: dict[StaffRole, frozenset[Role]] = {
    StaffRole.VIEWER: frozenset(),
    StaffRole.AGENT: frozenset({Role.AGENT}),
    StaffRole.LEAD: STAFF,
    StaffRole.OPERATOR: frozenset(),
    StaffRole.ADMIN: STAFF,
}


def claim_roles(role: StaffRole) -> frozenset[Role]:
    """Return the roles that a person has in the lifecycle's table of transitions."""
    return _CLAIM_ROLES[role]


def is_sign_in_name(name: str) -> bool:
    """Return whether an account may have this name; the history keeps it for ever."""
    return _NAME.fullmatch(name) is not None and name != THE_MACHINE


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in. `name` is what the history keeps."""

    person_id: int
    name: str
    full_name: str
    role: StaffRole
    timezone: str
    must_change_password: bool = False
    has_password: bool = True
    has_totp: bool = False
    signs_in_elsewhere: bool = False
    disabled_at: datetime | None = None
    signed_in_at: datetime | None = None

    def may(self, right: Right) -> bool:
        """Return whether the person's role has a right."""
        return right in RIGHTS[self.role]

    @property
    def works_on_claims(self) -> bool:
        """Return whether claims can be theirs: active, and with the right to."""
        return self.disabled_at is None and self.may(Right.WORK_ON_CLAIMS)

    @property
    def shown(self) -> str:
        """Return the name as colleagues see it."""
        return self.full_name or self.name
