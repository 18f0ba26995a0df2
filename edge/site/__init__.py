"""How the terminals of one site tell each other what they sold, over the site's own network, with or without a centre.

Each terminal asks the others once a second: what have you sold and taken back since I last heard you? It is asked, not
told (pull, not push), because how far somebody has heard is then known where it is kept, committed together with what
was heard: killed at any moment, restored, or away for a week, a terminal goes on where it stood, and the others need
not know that it was away. Nobody can write into a terminal from outside; it takes only answers to its own questions.

What travels are packs: code, number of the sale, clock of the event, sold or returned. Not the events themselves: they
name operators, products and prices, which are nobody else's business, and the one who hears keeps none of it. Ask and
answer are frames signed by the terminals' own keys (`wire.envelope`), for one asker and one asked of one site; the
answer repeats the ask's nonce, so an old one is worth nothing. Signed is not hidden: without TLS, whoever listens on
the site's network sees the codes.

What is heard is a hint for the pharmacist (`edge.store.site_sales`), never a fact of this terminal.
"""
