"""One outside thing each; nothing of its library leaves the file."""
