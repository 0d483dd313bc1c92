"""How many of something, in English: `1 claim`, `1,200 claims`."""


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 mail`, `2 mails`, `1 entry`, `1,200 entries`.

    Args:
        number: how many, 0 or more.
        one: what one of them is called; may carry the verb: `mail is`.
        many: what others are called: `mails are`; "" is `one` with an s.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
