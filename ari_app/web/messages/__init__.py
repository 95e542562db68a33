"""What providers of messages tell us by HTTP: receipts and replies."""
