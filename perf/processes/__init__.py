"""Processes on this machine: identity, tree, memory, GPU, and children that end with their parent."""
