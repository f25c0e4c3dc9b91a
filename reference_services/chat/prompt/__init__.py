"""Messages, templates, tokens and the context window."""
