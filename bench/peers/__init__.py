"""What runs in other people's programs, in a virtual environment of theirs."""
