"""The ledger of packs: what was said about each code, and what that comes to."""
