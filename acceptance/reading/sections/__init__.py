"""Sections: which are demands, scenarios, or neither."""
