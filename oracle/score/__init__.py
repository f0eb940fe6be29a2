"""The trust score: a pure function of public history at a block. See docs/trust-score.md."""
