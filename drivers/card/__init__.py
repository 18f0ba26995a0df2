"""Card readers: the identity card and the social-security card of a person who shows no code."""
