"""What is not finished at this terminal: told at a hand-over and at the end of a day. Nothing of it stops either."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from edge.store import sql

SELECT_UNKNOWN = """
SELECT sale FROM settlement WHERE standing IN ('asked', 'unknown', 'undoing', 'undoing_unknown') ORDER BY begun_at
"""
SELECT_PUT_ASIDE = "SELECT id FROM sale WHERE state = 'open' AND place > 1 ORDER BY opened_at"
SELECT_UNDERTAKINGS = "SELECT sale FROM undertaking WHERE ended_at IS NULL ORDER BY begun_at"
# What waits for a row that goes nowhere by itself goes nowhere either (`edge.store.ledger_rows.SELECT_DUE`).
COUNT_LEDGER = """
WITH RECURSIVE open_row AS (
  SELECT id, after, state, coalesce(told, '') AS told FROM ledger_row
  WHERE state IN ('waiting', 'due', 'asked', 'refused')
), stuck (id) AS (
  SELECT id FROM open_row WHERE state = 'waiting' OR (state = 'refused' AND told NOT LIKE '%[stock.claimed]%')
  UNION SELECT r.id FROM open_row AS r JOIN stuck ON r.after = stuck.id WHERE r.state = 'due'
)
SELECT iif(state = 'due' AND id IN (SELECT id FROM stuck), 'waiting', state), count(*) FROM open_row GROUP BY 1
"""
SELECT_POS_OPEN = "SELECT msgid FROM pos_question WHERE state = 'open' ORDER BY at, msgid"
COUNT_POS_OWED = "SELECT count(*) FROM pos_owed WHERE state <> 'done'"
COUNT_UNSENT = "SELECT count(*) FROM outbox WHERE state = 'pending'"


@dataclass(frozen=True, slots=True)
class OpenThere:
    """What another terminal of the site has asked and heard no answer to, or has not brought to its end."""

    terminal: str
    sales: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What is open, by the numbers of sales or by count."""

    unknown: tuple[str, ...]
    """Sales whose settlement or cancellation was asked for and not answered."""
    put_aside: tuple[str, ...]
    """Lists that were put aside (挂单)."""
    undertakings: tuple[str, ...]
    """Sales of which a return, or the turning into an insured one, has not come to its end."""
    ledger_due: int
    """Rows for the centre's ledger that are on their way."""
    ledger_waiting: int
    """... that lack something, such as the lot, or wait for one that does or was refused."""
    ledger_refused: int
    """... that the centre refused, for a person to look at."""
    unsent: int
    """Facts that the centre has not received yet."""
    pos_unknown: tuple[str, ...] = ()
    """Numbers of messages of the institution's own software of which the outcome is not known."""
    pos_owed: int = 0
    """Codes of its sales that no 3505 has told."""
    elsewhere: tuple[OpenThere, ...] = ()
    """What is open at other terminals of the site, as far as they answer at once: the day is theirs too."""

    @property
    def is_settling_open(self) -> bool:
        """Whether the money of the day may still change by itself."""
        return bool(self.unknown or self.undertakings or self.pos_unknown or self.elsewhere)


def open_settling(tx: Connection) -> tuple[str, ...]:
    """Return the sales, or messages of other software, whose money may still change by itself."""
    found = (sql.rows(tx, select) for select in (SELECT_UNKNOWN, SELECT_UNDERTAKINGS, SELECT_POS_OPEN))
    return tuple(dict.fromkeys(number for rows in found for (number,) in rows))


def read_unfinished(tx: Connection) -> Unfinished:
    """Return what is not finished now."""
    ledger: dict[str, int] = dict(sql.rows(tx, COUNT_LEDGER))
    return Unfinished(
        unknown=tuple(sale for (sale,) in sql.rows(tx, SELECT_UNKNOWN)),
        put_aside=tuple(sale for (sale,) in sql.rows(tx, SELECT_PUT_ASIDE)),
        undertakings=tuple(sale for (sale,) in sql.rows(tx, SELECT_UNDERTAKINGS)),
        ledger_due=ledger.get("due", 0) + ledger.get("asked", 0),
        ledger_waiting=ledger.get("waiting", 0),
        ledger_refused=ledger.get("refused", 0),
        unsent=sql.one(tx, COUNT_UNSENT)[0],
        pos_unknown=tuple(msgid for (msgid,) in sql.rows(tx, SELECT_POS_OPEN)),
        pos_owed=sql.one(tx, COUNT_POS_OWED)[0],
    )
