"""Evaluation: from an anchored delivery to a record that says what was measured and what it adds up to."""
