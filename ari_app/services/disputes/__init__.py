"""Disputes: the table of terms, and files that prove something."""
