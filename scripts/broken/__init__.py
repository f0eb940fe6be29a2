"""Contracts broken on purpose, for tests/contracts/broken."""
