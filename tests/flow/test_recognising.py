"""Pictures that a machine reads: what the assessment waits for, and for how long."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import an_order
from tests.builders_mail import (
    MEMBER,
    ORDER,
    a_file,
    make_claim_mail,
    photo,
    screenshot,
)
from tests.office import Office, an_office
from worker.domain.documents import DocumentKind, Verdict
from worker.domain.orders import Order
from worker.ports import ReadFailed

D1, D2, D3, D4 = DocumentKind
PAGE = f"Order placed\nOrder number: {ORDER}\nTea set $315.00\nTotal paid $315.00"
LENA = "lena.hoffmann@mail.example"


@dataclass
class FakeScanner:
    """Says what it was told to, or fails as a child would."""

    text: str = PAGE
    breaks: bool = False
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def texts(self, _sha256: str, paths: tuple[str, ...]) -> dict[str, str]:
        self.asked.append(paths)
        if self.breaks:
            raise ReadFailed("timeout", died=True)
        return dict.fromkeys(paths[:1], self.text)

    def close(self) -> None:
        """Nothing is open."""


def the_order(number: str = ORDER, member: str = MEMBER) -> Order:
    order = an_order(number)
    person = replace(order.member, member_id=member, addresses=(LENA,))
    return replace(order, member=person)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    orders = (the_order(), the_order("ORD-20261105-0001"))
    with an_office(tmp_path / "office", *orders) as office:
        yield office


def scanner(office: Office, **changes: object) -> FakeScanner:
    fake = FakeScanner(**changes)  # type: ignore[arg-type]
    office.parts.__dict__["scanner"] = fake
    return fake


def with_screenshot(*more: bytes, order: str = ORDER) -> bytes:
    files = [a_file(screenshot(), "IMG_1.png")]
    files += [a_file(data, f"IMG_{n}.jpg") for n, data in enumerate(more, start=2)]
    return make_claim_mail(order=order, files=files)


def verdicts(office: Office) -> dict[DocumentKind, Verdict]:
    number = office.claim.claim_id
    return {row.kind: row.verdict for row in office.store.claims.documents(number)}


def test_the_answer_to_a_screenshot_says_what_it_says(office: Office) -> None:
    fake = scanner(office)

    office.deliver(with_screenshot())

    assert len(fake.asked) == 1
    assert verdicts(office)[D1] is Verdict.SATISFIED
    assert verdicts(office)[D2] is Verdict.SATISFIED
    assert office.kinds == ["received"]


def test_without_a_scanner_a_reviewer_looks_at_it(office: Office) -> None:
    office.deliver(with_screenshot())

    assert verdicts(office)[D2] is Verdict.PROVISIONAL
    assert office.kinds == ["received"]


def test_a_scanner_that_fails_holds_nothing_up(office: Office) -> None:
    scanner(office, breaks=True)

    office.deliver(with_screenshot())

    assert verdicts(office)[D2] is Verdict.PROVISIONAL
    assert office.kinds == ["received"]


def test_the_assessment_waits_for_the_pictures_and_not_for_ever(
    office: Office,
) -> None:
    scanner(office)
    office.deliver(with_screenshot(), run=False)
    held = []
    while office.queue.bells:
        bell = office.queue.bells.pop(0)
        if bell.queue == "ocr":
            held.append(bell)
        else:
            office._runner.run(bell.job_id)  # noqa: SLF001

    assert office.kinds == []
    with office.store.database.read() as session:
        (wait_ms,) = (
            session.connection()
            .exec_driver_sql(
                "select run_at_ms - rung_at_ms from jobs where kind = 'validate'"
            )
            .one()
        )
    assert wait_ms == 5 * 60 * 1000

    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            "update jobs set run_at_ms = 0, rung_at_ms = 0 where kind = 'validate'"
        )
    due = office.store.jobs.due("validate", limit=9, quiet_for=timedelta())
    office.queue.ring(due)
    office.run()

    assert verdicts(office)[D2] is Verdict.PROVISIONAL
    assert office.kinds == ["received"]

    office.queue.ring(held)
    office.run()

    assert verdicts(office)[D1] is Verdict.SATISFIED
    assert verdicts(office)[D2] is Verdict.SATISFIED
    assert office.kinds == ["received"]


def test_a_photograph_of_an_earlier_claim_is_flagged_with_its_claim(
    office: Office,
) -> None:
    shot = photo(9)
    office.deliver(with_screenshot(shot))
    office.deliver(with_screenshot(photo(9, fmt="WEBP"), order="ORD-20261105-0001"))

    second, first = sorted(
        office.store.claims.listed(open_only=False, limit=9),
        key=lambda claim: -claim.claim_id,
    )
    assessment = office.store.claims.latest_assessment(second.claim_id)

    assert "photo_seen_before" not in first.flags
    assert "photo_seen_before" in second.flags
    assert assessment is not None
    assert any(first.ref in finding.evidence for finding in assessment.findings)


def test_other_photographs_are_not_flagged(office: Office) -> None:
    office.deliver(with_screenshot(photo(9)))
    office.deliver(with_screenshot(photo(10), order="ORD-20261105-0001"))

    assert all(
        "photo_seen_before" not in claim.flags
        for claim in office.store.claims.listed(open_only=False, limit=9)
    )
