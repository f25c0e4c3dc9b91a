"""What several checks share: requests, load, streams, refusals, roles."""
