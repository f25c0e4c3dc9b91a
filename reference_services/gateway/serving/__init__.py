"""The application and its listeners."""
