"""Answers to requests of a document: how the requests are brought about, and what the answers have to hold."""
