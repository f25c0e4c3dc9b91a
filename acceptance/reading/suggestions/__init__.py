"""Wordings that a machine would judge, for demands that go to a person."""
