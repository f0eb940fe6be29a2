"""`oracle check`: looks at everything the daemon needs, and says how to mend what is wrong."""
