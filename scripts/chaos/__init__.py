"""`make chaos`: three evaluators, and everything that can go wrong around them, from one seed."""
