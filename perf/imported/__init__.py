"""Results of other load generators as evidence."""
