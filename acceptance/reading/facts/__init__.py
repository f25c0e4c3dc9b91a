"""What a document says of its services, classes and library."""
