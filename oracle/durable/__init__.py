"""Work that survives the process: runs, steps of which a finished one is not repeated, and who is alive."""
