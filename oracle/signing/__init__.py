"""Keys, what they sign, and the journal that is written before a signature leaves."""
