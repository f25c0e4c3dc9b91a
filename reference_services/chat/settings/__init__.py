"""Settings of the chat services."""
