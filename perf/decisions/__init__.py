"""Statistics: whether measured figures meet a limit, at a stated error."""
