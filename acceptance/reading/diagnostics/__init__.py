"""What a reader should know of the document: gaps, swallowed text, codes."""
