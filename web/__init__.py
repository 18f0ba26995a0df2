"""What both daemons share: their screens, what guards and answers them, their configuration and their log."""
