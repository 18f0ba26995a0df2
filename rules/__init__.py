"""What is true on both sides. Pure: no input or output, no clock; dated facts in, reasons out."""
