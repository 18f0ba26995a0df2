"""The national institution interface (FSI): envelope, field tables, areas, signing."""
