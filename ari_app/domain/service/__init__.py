"""The service behind a bill: warned, suspended, restored (requirements F19 to F22)."""
