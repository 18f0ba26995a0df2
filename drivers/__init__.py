"""Hardware, one folder per kind: a port, the real adapters, and a twin that writes the true bytes."""
