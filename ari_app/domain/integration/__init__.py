"""What another system's records mean here."""
