"""What travels between terminals and the centre."""
