"""The process's HTTP side: a host that serves routers with limits, and what an operator asks of it."""
