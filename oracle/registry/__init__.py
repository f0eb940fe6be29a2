"""ERC-8004: agents by identity, and closed jobs written to its reputation registry."""
