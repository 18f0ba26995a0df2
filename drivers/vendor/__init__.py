"""Libraries that a maker gives only as a binary: called in a process of their own, which may crash or hang."""
