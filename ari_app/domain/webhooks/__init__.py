"""Webhooks: when an event is tried again, when it is given up, when a receiver is left alone, and what may be reached."""
