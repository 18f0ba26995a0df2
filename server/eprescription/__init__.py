"""The e-prescription centre: doctors issue, pharmacists review, and every quantity is dispensed once."""
