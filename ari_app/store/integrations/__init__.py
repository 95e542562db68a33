"""What integrations have done."""
