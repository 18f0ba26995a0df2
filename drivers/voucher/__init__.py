"""Voucher terminals: decode 医保码, verify a face, show the person what was settled."""
