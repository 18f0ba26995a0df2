"""What a scanned string is. Pure: no input or output, no clock."""
