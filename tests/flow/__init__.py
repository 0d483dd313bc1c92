"""The arrows on fakes: pure and instant."""
