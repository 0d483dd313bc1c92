"""The tests of claims-worker; `services` holds the real servers that they use."""
