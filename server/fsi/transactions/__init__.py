"""One module per group of transactions; each names its handlers in `TRANSACTIONS`."""
