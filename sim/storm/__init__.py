"""Thousands of terminals that lose their line at one moment and come back: what the centre and the broker meet."""
