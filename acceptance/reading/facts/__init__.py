"""Facts of a document: its services, classes and library."""
