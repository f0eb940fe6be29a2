"""Evidence: bytes kept and fetched by the hash of their content."""
