"""Conversations with facts unseen before, what a server remembers of them, and how replies are scored."""
