"""The centre: it takes what terminals send, keeps the ledger, and shows it."""
