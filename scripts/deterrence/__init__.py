"""Does cheating on a share of a tab's calls lose money? A simulation with the rules the oracle judges by."""
