"""Wedges: a code goes on to software that knows only a scanner, as keys or over a serial line."""
