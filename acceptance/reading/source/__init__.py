"""A document's text: bytes, Markdown, blocks, places."""
