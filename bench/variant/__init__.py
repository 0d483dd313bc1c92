"""What is exchanged in a variant of a mail, and how a mail is made anew with it."""
