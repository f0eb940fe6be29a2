"""The command line. Each module owns one command; `commands.py` lists them."""
