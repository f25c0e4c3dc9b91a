"""WebSocket through the gateway."""
