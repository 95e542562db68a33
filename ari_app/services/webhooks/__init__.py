"""Webhooks: events on their way out."""
