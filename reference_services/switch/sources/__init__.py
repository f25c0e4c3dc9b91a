"""Models that Switch can ask."""
