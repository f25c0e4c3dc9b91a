"""Services that a run starts itself."""
