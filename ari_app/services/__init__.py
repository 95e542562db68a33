"""Async use cases over ports: importing, dialling, calls, conversations, wrap-up, reconciliation."""
