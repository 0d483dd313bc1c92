"""Assessments of claims: what software worked out at one version, never changed."""

from datetime import datetime
from functools import cache

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from worker.adapters.store.engine import dialect_of, insert_into
from worker.adapters.store.many_rows import ManyRows
from worker.adapters.store.schema import (
    AssessmentRow,
    DocumentRow,
    FindingRow,
    table_of,
)
from worker.domain.findings import Assessment

_ASSESSMENT = TypeAdapter(Assessment)


def latest(session: Session, claim_id: int) -> Assessment | None:
    """Return the newest assessment of a claim, or None."""
    body = session.execute(
        sa.select(AssessmentRow.body)
        .where(AssessmentRow.claim_id == claim_id)
        .order_by(AssessmentRow.id.desc())
        .limit(1)
    ).scalar()
    return None if body is None else _ASSESSMENT.validate_json(body)


def save(
    session: Session,
    claim_id: int,
    assessment: Assessment,
    *,
    job_id: int | None,
    at: datetime,
) -> None:
    """Write an assessment, its findings and the present document verdicts."""
    connection, dialect = session.connection(), dialect_of(session)
    values = {
        "claim_id": claim_id,
        "job_id": job_id,
        "at": at,
        "state": assessment.state,
        "policy_version": assessment.policy_version,
        "body": _ASSESSMENT.dump_json(assessment).decode(),
    }
    number = connection.execute(_ADDING, values).scalar_one()
    findings = [
        {
            "assessment_id": number,
            "position": position,
            "clause": finding.clause,
            "verdict": finding.verdict.value,
            "text": finding.text,
            "evidence": finding.evidence,
        }
        for position, finding in enumerate(assessment.findings)
    ]
    if findings:
        many, adding = _adding_findings(dialect)
        connection.execute(adding, many.given(findings))
    documents = [
        {
            "claim_id": claim_id,
            "kind": verdict.kind,
            "verdict": verdict.verdict,
            "why": verdict.why,
            "files": list(verdict.files),
            "evidence": verdict.evidence,
        }
        for verdict in assessment.documents
    ]
    if documents:
        connection.execute(_putting_documents(dialect), documents)


_ADDING = sa.insert(table_of(AssessmentRow)).returning(AssessmentRow.id)
_FINDING = ("assessment_id", "position", "clause", "verdict", "text", "evidence")
_JUDGED = ("verdict", "why", "files", "evidence")


@cache
def _adding_findings(dialect: str) -> tuple[ManyRows, sa.Insert]:
    many = ManyRows(dialect, table_of(FindingRow), _FINDING)
    return many, many.insert()


@cache
def _putting_documents(dialect: str) -> sa.Insert:
    statement = insert_into(dialect, table_of(DocumentRow))
    return statement.on_conflict_do_update(
        index_elements=["claim_id", "kind"],
        set_={name: statement.excluded[name] for name in _JUDGED},
    )
