"""The chain: a JSON-RPC client, the escrow's calls, reads and events. Of ours it knows only the domain."""
