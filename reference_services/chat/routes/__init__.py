"""HTTP, WebSocket and GraphQL routes."""
