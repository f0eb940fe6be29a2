"""Jobs as a reader of their whole history needs them: who, how much, when what happened, how it ended."""
