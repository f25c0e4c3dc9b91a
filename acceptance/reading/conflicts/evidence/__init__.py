"""Evidence for the conflict finders."""
