"""One module per group of transactions; each names its handlers in `TRANSACTIONS`, which `server.fsi.dispatch` merges."""
