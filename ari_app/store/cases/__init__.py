"""The tables of cases over 90 days."""
