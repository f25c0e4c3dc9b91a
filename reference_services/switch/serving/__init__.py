"""The chain of models, the application and its listeners."""
