"""API keys are kept out of every file and output."""
