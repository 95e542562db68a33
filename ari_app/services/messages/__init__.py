"""Messages to customers: templates, sending, receipts and replies."""
