"""Reading one mail, step by step; `adapters.mime.parse` puts the steps together.

    raw bytes --slim--> slim bytes --parts--> leaves --body, walk--> text, attachments

Pure functions of bytes that use the standard library only: no files, no network, no
clock. Each is bounded in time and memory whatever the bytes say, and none raises for
what a sender wrote.
"""
