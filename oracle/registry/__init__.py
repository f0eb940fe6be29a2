"""ERC-8004: agents by identity, and closed jobs and tab periods written to its reputation registry."""
