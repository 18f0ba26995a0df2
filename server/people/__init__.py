"""Who may do what at the centre: accounts, sign-ins, tokens, roles."""
