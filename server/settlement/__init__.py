"""Settlement: what a sale costs whom, settled once and only once, undone exactly, and explained."""
