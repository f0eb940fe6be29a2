"""Measures of a program: what was kept, how sure that is, what broke, and how soon it was seen."""
