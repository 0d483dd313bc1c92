"""`python -m worker` is the `claims` command."""

from worker.cli import main

main()
