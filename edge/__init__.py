"""The terminal: it records every scan before it says so, sells, and hands its records to the centre."""
