"""What a customer objects to, from the first word to the answer (requirements F15 to F18)."""
