"""What the HTTP API does behind its routes."""
