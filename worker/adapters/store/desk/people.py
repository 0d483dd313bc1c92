"""Accounts of staff. They are disabled, never deleted: the history names them."""

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import Session

from worker.adapters.store.desk_schema import DeskSessionRow, StaffRow
from worker.adapters.store.engine import Database
from worker.domain.errors import UsageError
from worker.domain.staff import Person, StaffRole
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
            UsageError: the name is taken.
        """
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
        self._change(
            person_id, password_hash=password_hash, must_change_password=must_change
        )
        self._end_sessions(person_id)

    def set_role(self, person_id: int, role: StaffRole) -> None:
        """Give an account another role; it counts from the next request on."""
        self._change(person_id, role=role)

    def set_timezone(self, person_id: int, timezone: str) -> None:
        """Set the zone in which the person reads times (IANA name)."""
        self._change(person_id, timezone=timezone)

    def set_totp(self, person_id: int, secret: str | None) -> None:
        """Ask the account for codes of this secret from now on, or no more."""
        self._change(person_id, totp_secret=secret, totp_step=0)

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

    def disable(self, person_id: int) -> None:
        """Let an account sign in no more, and end its sessions."""
        self._change(person_id, disabled_at=self._clock.now())
        self._end_sessions(person_id)

    def enable(self, person_id: int) -> None:
        """Let a disabled account sign in again."""
        self._change(person_id, disabled_at=None)

    def _change(self, person_id: int, **values: object) -> None:
        with self._database.write() as session:
            session.execute(
                sa.update(StaffRow).where(StaffRow.id == person_id).values(**values)
            )

    def _end_sessions(self, person_id: int) -> None:
        with self._database.write() as session:
            session.execute(
                sa.delete(DeskSessionRow).where(DeskSessionRow.staff_id == person_id)
            )


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
        disabled_at=row.disabled_at,
        signed_in_at=row.signed_in_at,
    )
