"""The national interface at the centre: one message in, one answer out, whatever line it came by."""
