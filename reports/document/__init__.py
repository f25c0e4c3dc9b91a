"""The content of a result document, independent of its form."""
