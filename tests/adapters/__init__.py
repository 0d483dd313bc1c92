"""Tests of the adapters, and of the servers that those tests use."""
