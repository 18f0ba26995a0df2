"""Taking what terminals send: prove it, keep it, tell the ledger, answer."""

from server.ingest.take import Committed, Ingest, Reply
from server.ingest.tally import Tally

__all__ = ["Committed", "Ingest", "Reply", "Tally"]
