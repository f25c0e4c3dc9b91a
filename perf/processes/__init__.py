"""Processes on this machine: identity, tree, memory, GPU, and what ends with its parent."""
