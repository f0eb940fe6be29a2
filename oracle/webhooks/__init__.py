"""Webhooks: what changed is stored, then sent to whoever subscribed. See docs/api.md."""
