"""Real mails of other projects' test suites, where their folder is there.

They are not ours to copy. `CLAIMS_TEST_CORPUS` names the folder; without it, it is
looked for beside the checkout, and where it is not, there are no such tests.
`python -m bench.corpus` runs all of them.
"""

import os
from pathlib import Path

import pytest

from bench import corpus

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "mail"
FOLDER = Path(os.environ.get("CLAIMS_TEST_CORPUS", BESIDE))
SAMPLE = "50"
NO_MACHINES = (
    "perl-bounceparser/spam-bogus-email-in-report.msg.eml",
    "perl-bounceparser/spam-with-image.msg.eml",
)
"""Tagged as bounces for the suite that they are from, where they are advertising that
is no bounce: no header and no word of theirs is a machine's."""


def run(*arguments: str) -> int:
    return corpus.main([str(FOLDER), "--sample", SAMPLE, *arguments])


if FOLDER.is_dir():

    @pytest.mark.slow
    @pytest.mark.timeout(300)
    def test_real_mails_each_get_one_fate_in_time(
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        assert run("--seed", "1") == 0, capsys.readouterr().out

    @pytest.mark.slow
    @pytest.mark.timeout(300)
    def test_no_machine_among_real_mails_is_answered(
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        known = [word for name in NO_MACHINES for word in ("--except", name)]

        assert run("--answerable", "--seed", "2", *known) == 0, capsys.readouterr().out
