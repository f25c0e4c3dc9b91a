"""`signoff run`, `report`, `night` and `serve`."""
