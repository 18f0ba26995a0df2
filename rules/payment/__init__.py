"""What a fund pays an institution or a person apart from the single settlement: points, heads, surplus, premiums."""
