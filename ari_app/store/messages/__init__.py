"""Messages in the database: planned, reserved, handed over once; their receipts, and what customers write."""
