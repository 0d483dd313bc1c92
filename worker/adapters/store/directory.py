"""The order directory as rows: lookups, and the import that upserts it.

See ports.Orders for the contract of the lookups.
"""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from worker.adapters.store.engine import Database, insert, once
from worker.adapters.store.schema import (
    MemberAddressRow,
    MemberRow,
    OrderRow,
    PackageRow,
    table_of,
)
from worker.domain.orders import Member, Order, Package, When, normal_id

_PACKAGE = TypeAdapter(Package)
_WHEN = TypeAdapter(When)


class SqlOrders:
    """See ports.Orders."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @once
    def order(self, order_number: str) -> Order | None:
        """See ports.Orders."""
        with self._database.read() as session:
            connection = session.connection()
            row = connection.execute(
                _ORDER, {"the_key": normal_id(order_number)}
            ).one_or_none()
            if row is None:
                return None
            packages = connection.execute(_PACKAGES, {"the_order": row.id}).scalars()
            return Order(
                order_number=row.order_number,
                member=Member(
                    row.member_id,
                    row.name,
                    _addresses(session, row.member_pk),
                    row.locale,
                ),
                placed=_WHEN.validate_python(row.placed) if row.placed else None,
                guarantee_fee_usd=row.guarantee_fee_usd,
                packages=tuple(_PACKAGE.validate_json(facts) for facts in packages),
                points_applied=row.points_applied,
                points_earned=row.points_earned,
            )

    @once
    def member(self, member_id: str) -> Member | None:
        """See ports.Orders."""
        with self._database.read() as session:
            row = session.execute(
                sa.select(MemberRow).where(MemberRow.key == normal_id(member_id))
            ).scalar_one_or_none()
            return None if row is None else _member(session, row)

    def members_at(self, address: str) -> tuple[Member, ...]:
        """See ports.Orders."""
        with self._database.read() as session:
            rows = session.execute(
                sa.select(MemberRow)
                .join(MemberAddressRow, MemberAddressRow.member_pk == MemberRow.id)
                .where(MemberAddressRow.address == address.lower())
                .order_by(MemberRow.id)
            ).scalars()
            return tuple(_member(session, row) for row in rows.all())

    def orders_of(self, member_id: str) -> tuple[str, ...]:
        """See ports.Orders."""
        with self._database.read() as session:
            return tuple(
                session.execute(
                    sa.select(OrderRow.order_number)
                    .join(MemberRow, MemberRow.id == OrderRow.member_pk)
                    .where(MemberRow.key == normal_id(member_id))
                    .order_by(
                        OrderRow.placed_at.desc().nulls_last(), OrderRow.id.desc()
                    )
                ).scalars()
            )

    def member_keys(self) -> list[str]:
        """Return the keys of all members."""
        with self._database.read() as session:
            return list(session.execute(sa.select(MemberRow.key)).scalars())

    def count(self) -> int:
        """Return how many orders the directory has."""
        with self._database.read() as session:
            return session.execute(
                sa.select(sa.func.count()).select_from(OrderRow)
            ).scalar_one()

    def import_orders(self, orders: Iterable[Order]) -> int:
        """Insert or replace orders with their members and packages; all or nothing.

        Returns how many orders were written. Safe to run twice.
        """
        count = 0
        members: dict[str, int] = {}
        with self._database.write() as session:
            for order in orders:
                key = normal_id(order.member.member_id)
                if key not in members:
                    members[key] = _put_member(session, order.member)
                _put_order(session, order, members[key])
                count += 1
        return count


def _member(session: Session, row: MemberRow) -> Member:
    return Member(row.member_id, row.name, _addresses(session, row.id), row.locale)


def _addresses(session: Session, member_pk: int) -> tuple[str, ...]:
    found = session.connection().execute(_ADDRESSES, {"the_member": member_pk})
    return tuple(found.scalars())


_ORDER = (
    sa.select(table_of(OrderRow), MemberRow.member_id, MemberRow.name, MemberRow.locale)
    .join(MemberRow, MemberRow.id == OrderRow.member_pk)
    .where(OrderRow.key == sa.bindparam("the_key"))
)
_PACKAGES = (
    sa.select(PackageRow.facts)
    .where(PackageRow.order_pk == sa.bindparam("the_order"))
    .order_by(PackageRow.package_id)
)
_ADDRESSES = (
    sa.select(MemberAddressRow.address)
    .where(MemberAddressRow.member_pk == sa.bindparam("the_member"))
    .order_by(MemberAddressRow.position)
)


def _put_member(session: Session, member: Member) -> int:
    values = {
        "member_id": member.member_id,
        "name": member.name,
        "locale": member.locale,
    }
    member_pk = int(
        session.execute(
            insert(session, MemberRow)
            .values(key=normal_id(member.member_id), **values)
            .on_conflict_do_update(index_elements=["key"], set_=values)
            .returning(MemberRow.id)
        ).scalar_one()
    )
    session.execute(
        sa.delete(MemberAddressRow).where(MemberAddressRow.member_pk == member_pk)
    )
    addresses = dict.fromkeys(address.lower() for address in member.addresses)
    for position, address in enumerate(addresses):
        session.execute(
            sa.insert(MemberAddressRow).values(
                member_pk=member_pk, position=position, address=address
            )
        )
    return member_pk


def _put_order(session: Session, order: Order, member_pk: int) -> None:
    placed_at: datetime | None = order.placed.earliest_at if order.placed else None
    values = {
        "order_number": order.order_number,
        "member_pk": member_pk,
        "placed": _WHEN.dump_python(order.placed, mode="json")
        if order.placed
        else None,
        "placed_at": placed_at,
        "guarantee_fee_usd": order.guarantee_fee_usd,
        "points_applied": order.points_applied,
        "points_earned": order.points_earned,
    }
    order_pk = session.execute(
        insert(session, OrderRow)
        .values(key=normal_id(order.order_number), **values)
        .on_conflict_do_update(index_elements=["key"], set_=values)
        .returning(OrderRow.id)
    ).scalar_one()
    session.execute(sa.delete(PackageRow).where(PackageRow.order_pk == order_pk))
    for package in order.packages:
        session.execute(
            sa.insert(PackageRow).values(
                order_pk=order_pk,
                package_id=package.package_id,
                facts=_PACKAGE.dump_json(package).decode(),
                tracking_key=normal_id(package.tracking_number or "")[:80] or None,
            )
        )
