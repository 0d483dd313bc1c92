"""`python -m bench NAME [ARGUMENT...]`: one of the scripts; without a name, the list.

Example: `python -m bench latency -n 20`
"""

import importlib
import sys

SCRIPTS = (
    "table",
    "ingest",
    "answers",
    "sending",
    "deadlines",
    "at_size",
    "live_scenarios",
    "replayed",
    "full_mailbox",
    "latency",
    "memory",
    "reading",
    "variants",
    "corpus",
    "pictures",
    "ocr",
    "big_record",
    "desk_speed",
    "audit_speed",
    "points",
)


def main(arguments: list[str]) -> int:
    """Run the script that is named first; return its exit code."""
    if not arguments or arguments[0] not in SCRIPTS:
        for name in SCRIPTS:
            script = importlib.import_module(f"bench.{name}")
            print(
                f"  python -m bench {name:16}{(script.__doc__ or '').splitlines()[0]}"
            )
        is_question = not arguments or arguments[0] in {"-h", "--help"}
        return 0 if is_question else 2
    script = importlib.import_module(f"bench.{arguments[0]}")
    return int(script.main(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
