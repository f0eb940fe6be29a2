"""The public, read-only REST API under /v1. See docs/api.md."""
