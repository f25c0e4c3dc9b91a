"""Commands and HTTP messages in a document, with what they expect."""
