"""Services and replicas behind the gateway."""
