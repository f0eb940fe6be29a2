"""Where foreign code runs: bubblewrap with no network, no host files and hard limits, or not at all."""
