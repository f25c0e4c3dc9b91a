"""Server metrics during a load, its cache, its start."""
