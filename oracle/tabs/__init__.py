"""Tabs off chain: receipts, their tree and log, what each party signs, and both sides over HTTP."""
