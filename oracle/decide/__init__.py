"""Decisions: functions from values to values, with no clock, chain, database or network in them."""
