"""Policies that act: a signal, a threshold, an owner, a review, and what follows. See docs/policies.md."""
