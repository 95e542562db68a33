"""Webhooks on the network."""
