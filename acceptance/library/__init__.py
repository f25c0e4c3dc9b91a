"""Library calls of a document, in a child process."""
