"""Alerts in the database."""
