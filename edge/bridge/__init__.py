"""The bridge: what a grabbed scanner read goes on to the POS as the POS knows it, once it is recorded here."""
