"""The evaluator's process: chain, store, evaluation and keys tied together."""
