"""Ways in which the software of an institution reaches the terminal."""
