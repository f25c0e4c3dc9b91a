"""What the server says of itself during a load: metrics, cache, start."""
