"""Words as types. Imports nothing of ours but itself."""
