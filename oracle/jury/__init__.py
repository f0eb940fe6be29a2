"""The jury: who counts, what a vote is worth, when to stop, and what it all adds up to."""
