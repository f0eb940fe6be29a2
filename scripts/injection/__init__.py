"""Attacks on a jury by a delivery's text, good deliveries that talk about orders, and scripted jurors."""
