"""Chaos: everything that can go wrong, at once and for long, and one checker that decides."""
