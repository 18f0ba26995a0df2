"""Twins of real scanners: each writes the very bytes that its original would, with faults on demand."""
