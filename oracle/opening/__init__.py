"""What the configuration names, opened: keys, nodes, contracts and content."""
