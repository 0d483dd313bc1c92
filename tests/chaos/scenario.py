"""What a row of the table of scenarios is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario: what is done to the program, and what shows that it holds."""

    what: str
    tests: tuple[str, ...] = ()
    reason: str = ""
