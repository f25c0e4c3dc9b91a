"""Sessions and threads."""
