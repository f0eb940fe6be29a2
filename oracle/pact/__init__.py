"""Pacts, methodologies and delivery manifests: the documents a job is judged by."""
