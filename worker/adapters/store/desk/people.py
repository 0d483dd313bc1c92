"""Accounts of staff. They are disabled, never deleted: the history names them."""

from collections.abc import Iterable
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import Session

from worker.adapters.store.desk_schema import (
    DeskSessionRow,
    RecoveryCodeRow,
    StaffRow,
)
from worker.adapters.store.engine import Database
from worker.domain.errors import UsageError
from worker.domain.staff import Person, StaffRole, is_sign_in_name
from worker.ports import Clock


class People:
    """Reads and writes accounts; every method is one transaction."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(
        self,
        name: str,
        role: StaffRole,
        *,
        full_name: str = "",
        password_hash: str | None = None,
        oidc_subject: str | None = None,
        must_change_password: bool = False,
    ) -> Person:
        """Add an account.

        Raises:
            UsageError: the name is taken, or none that an account may have.
        """
        if not is_sign_in_name(_key(name)):
            raise UsageError(
                "a sign-in name has up to 100 letters, digits or . _ - + @, no blanks"
            )
        row = StaffRow(
            name=_key(name),
            full_name=full_name.strip(),
            role=role,
            password_hash=password_hash,
            oidc_subject=oidc_subject,
            must_change_password=must_change_password,
            created_at=self._clock.now(),
        )
        try:
            with self._database.write() as session:
                session.add(row)
                session.flush()
                return to_person(row)
        except exc.IntegrityError:
            raise UsageError(f"there is an account {_key(name)} already") from None

    def get(self, person_id: int) -> Person | None:
        """Return an account, or None."""
        with self._database.read() as session:
            row = session.get(StaffRow, person_id)
            return None if row is None else to_person(row)

    def named(self, name: str) -> Person | None:
        """Return the account of a sign-in name, in any case, or None."""
        with self._database.read() as session:
            row = _of_name(session, name)
            return None if row is None else to_person(row)

    def of_subject(self, oidc_subject: str) -> Person | None:
        """Return the account that signs in elsewhere as `issuer subject`, or None."""
        with self._database.read() as session:
            row = session.execute(
                sa.select(StaffRow).where(StaffRow.oidc_subject == oidc_subject)
            ).scalar_one_or_none()
            return None if row is None else to_person(row)

    def listed(self) -> list[Person]:
        """Return every account, the active ones first, by name."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(StaffRow).order_by(
                    StaffRow.disabled_at.is_not(None), StaffRow.name
                )
            ).scalars()
            return [to_person(row) for row in rows]

    def password_hash(self, person_id: int) -> str | None:
        """Return the Argon2id hash of an account, or None without a password."""
        with self._database.read() as session:
            query = sa.select(StaffRow.password_hash).where(StaffRow.id == person_id)
            return session.execute(query).scalar()

    def set_password(
        self, person_id: int, password_hash: str, *, must_change: bool = False
    ) -> None:
        """Give an account a password, and end every session of it."""
        with self._database.write() as session:
            _change(
                session,
                person_id,
                password_hash=password_hash,
                must_change_password=must_change,
            )
            _end_sessions(session, person_id)

    def set_role(
        self, person_id: int, role: StaffRole, *, keep_an_admin: bool = False
    ) -> None:
        """Give an account another role, and end every session of it.

        Raises:
            UsageError: nobody would be left who manages accounts.
        """
        with self._database.write() as session:
            admins = _active_admins(session)
            _change(session, person_id, role=role)
            if keep_an_admin and role is not StaffRole.ADMIN:
                _keep_one(admins, without=person_id)
            _end_sessions(session, person_id)

    def set_timezone(self, person_id: int, timezone: str) -> None:
        """Set the zone in which the person reads times (IANA name)."""
        self._change(person_id, timezone=timezone)

    def set_totp(
        self,
        person_id: int,
        secret: str | None,
        *,
        used_step: int = 0,
        recovery_codes: Iterable[str] = (),
    ) -> None:
        """Ask the account for codes of this secret from now on, or no more.

        Args:
            person_id: whose.
            secret: base32; None asks for no code.
            used_step: the time step whose code confirmed it.
            recovery_codes: what stands in for the phone; older ones are forgotten.
        """
        with self._database.write() as session:
            _change(session, person_id, totp_secret=secret, totp_step=used_step)
            _put_codes(session, person_id, recovery_codes)

    def set_recovery_codes(self, person_id: int, codes: Iterable[str]) -> None:
        """Give an account other recovery codes; older ones are forgotten."""
        with self._database.write() as session:
            _put_codes(session, person_id, codes)

    def use_recovery_code(self, person_id: int, code: str) -> bool:
        """Use up a recovery code; False if the account has no such code (left)."""
        with self._database.write() as session:
            used = session.execute(
                sa.delete(RecoveryCodeRow)
                .where(
                    RecoveryCodeRow.code_sha256 == _digest(code),
                    RecoveryCodeRow.staff_id == person_id,
                )
                .returning(RecoveryCodeRow.code_sha256)
            ).scalar()
        return used is not None

    def recovery_codes_left(self, person_id: int) -> int:
        """Return how many recovery codes an account still has."""
        with self._database.read() as session:
            query = sa.select(sa.func.count()).where(
                RecoveryCodeRow.staff_id == person_id
            )
            return session.execute(query).scalar_one()

    def totp_secret(self, person_id: int) -> str | None:
        """Return the secret of an account's codes, or None where it has none."""
        with self._database.read() as session:
            query = sa.select(StaffRow.totp_secret).where(StaffRow.id == person_id)
            return session.execute(query).scalar()

    def use_totp_step(self, person_id: int, step: int) -> bool:
        """Record that the code of a time step was used; False if it had been.

        Source: RFC 6238 section 5.2, one use of each code.
        """
        with self._database.write() as session:
            used = session.execute(
                sa.update(StaffRow)
                .where(StaffRow.id == person_id, StaffRow.totp_step < step)
                .values(totp_step=step)
                .returning(StaffRow.id)
            ).scalar()
        return used is not None

    def record_sign_in(self, person_id: int) -> None:
        """Keep when the person last signed in."""
        self._change(person_id, signed_in_at=self._clock.now())

    def disable(self, person_id: int, *, keep_an_admin: bool = False) -> None:
        """Let an account sign in no more, and end its sessions.

        Raises:
            UsageError: nobody would be left who manages accounts.
        """
        with self._database.write() as session:
            admins = _active_admins(session)
            _change(session, person_id, disabled_at=self._clock.now())
            if keep_an_admin:
                _keep_one(admins, without=person_id)
            _end_sessions(session, person_id)

    def enable(self, person_id: int) -> None:
        """Let a disabled account sign in again."""
        self._change(person_id, disabled_at=None)

    def _change(self, person_id: int, **values: object) -> None:
        with self._database.write() as session:
            _change(session, person_id, **values)


def _change(session: Session, person_id: int, **values: object) -> None:
    session.execute(
        sa.update(StaffRow).where(StaffRow.id == person_id).values(**values)
    )


def _end_sessions(session: Session, person_id: int) -> None:
    session.execute(
        sa.delete(DeskSessionRow).where(DeskSessionRow.staff_id == person_id)
    )


def _put_codes(session: Session, person_id: int, codes: Iterable[str]) -> None:
    session.execute(
        sa.delete(RecoveryCodeRow).where(RecoveryCodeRow.staff_id == person_id)
    )
    session.add_all(
        RecoveryCodeRow(code_sha256=_digest(code), staff_id=person_id) for code in codes
    )


def _active_admins(session: Session) -> frozenset[int]:
    """Return who manages accounts, locked: two may not disable each other at once."""
    query = sa.select(StaffRow.id).where(
        StaffRow.role == StaffRole.ADMIN, StaffRow.disabled_at.is_(None)
    )
    query = query.order_by(StaffRow.id).with_for_update()
    return frozenset(session.execute(query).scalars())


def _keep_one(admins: frozenset[int], *, without: int) -> None:
    if admins == {without}:
        raise UsageError("nobody else manages accounts: make somebody an admin first")


def _digest(code: str) -> str:
    return sha256(code.encode()).hexdigest()


def _key(name: str) -> str:
    return name.strip().casefold()


def _of_name(session: Session, name: str) -> StaffRow | None:
    return session.execute(
        sa.select(StaffRow).where(StaffRow.name == _key(name))
    ).scalar_one_or_none()


def to_person(row: StaffRow) -> Person:
    """Return the noun of a row, without its secrets."""
    return Person(
        person_id=row.id,
        name=row.name,
        full_name=row.full_name,
        role=StaffRole(row.role),
        timezone=row.timezone,
        must_change_password=row.must_change_password,
        has_password=row.password_hash is not None,
        has_totp=row.totp_secret is not None,
        signs_in_elsewhere=row.oidc_subject is not None,
        disabled_at=row.disabled_at,
        signed_in_at=row.signed_in_at,
    )
