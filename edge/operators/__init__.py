"""Who works at the terminal: accounts, signing in and out, shifts."""
