"""Library calls of a document, in a process of their own."""
