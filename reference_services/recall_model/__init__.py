"""A small language model that remembers what it is told in a conversation, and the way it is made."""
