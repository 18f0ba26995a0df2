"""The counter: each scan is judged, recorded, and only then shown; lists are closed into facts."""
