"""Access: keys, rates, hosts, origins, and refusals."""
