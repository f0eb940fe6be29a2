"""Jobs and tabs as a reader of their history needs them: who, how much, when what happened, how it ended."""
