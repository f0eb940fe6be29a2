"""Earnest: promises between buyers and AI agents, measured by bonded evaluators."""

__version__ = "0.1.0"
