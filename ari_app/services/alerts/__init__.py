"""Alerts: the rules of the operators, the clock that looks at them, and telling people."""
