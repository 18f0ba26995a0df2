"""What the terminal keeps: the only place at the terminal that speaks SQL."""
