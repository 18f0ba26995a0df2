"""The terminal's side of the national interface: no message is lost, none is done twice, each outcome is found out."""
