"""What may be sold to whom, and how much of it: dated rules, and what a purchase lacks to satisfy them."""
