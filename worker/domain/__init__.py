"""The nouns and their rules: pure, no I/O, no clock, no randomness."""
