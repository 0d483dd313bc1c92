"""Turns a claims mailbox into decided claims.

mail --ingest--> claim --validate--> checks --notify--> reply

Start at `actors.py`: the table of job kinds is the map of the system.
"""

__version__ = "0.1.0"
