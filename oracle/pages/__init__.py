"""Pages for people, made by the server, on what the API reads. See docs/pages.md."""
