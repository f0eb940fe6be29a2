"""Deterministic checks, a module for each kind. `run.run_check` calls the right one and never raises."""
