"""What the conflict finders look at."""
