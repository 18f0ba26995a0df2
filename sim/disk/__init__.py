"""A disk that can be watched and broken, below one folder of one process."""
