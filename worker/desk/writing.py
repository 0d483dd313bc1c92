"""The reply editor, decisions and remarks beside a claim; a placeholder."""

from worker.desk.guard import Visit
from worker.domain.claim import Claim


def side_facts(visit: Visit, claim: Claim) -> dict[str, object]:  # noqa: ARG001 - the contract
    """Return what the editor, the decision forms and the remarks show."""
    return {}
