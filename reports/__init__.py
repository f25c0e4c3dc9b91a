"""A stored run, and the documents that people read and sign."""
