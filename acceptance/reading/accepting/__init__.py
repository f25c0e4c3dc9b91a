"""The reading that a person accepted, beside its document: written, read, and compared with today's."""
