"""Alerts: what needs a person, by when, and who is told when nobody comes."""
