"""`make demo`: the main job, live on a local chain."""
