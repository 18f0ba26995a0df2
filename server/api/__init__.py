"""The centre's HTTP API under /api/v1: for the console, for programs, for checkers."""
