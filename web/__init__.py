"""What both screens share: the live bus, the guard in front, accounts, words, pages, styles and scripts."""
