"""Telling people of alerts."""
