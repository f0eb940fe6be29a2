"""A failure, replayed from the evidence until the broken assumption is named. See docs/incidents.md."""
