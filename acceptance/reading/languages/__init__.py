"""The words of each language, as data, and how they are read."""
