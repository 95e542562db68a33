"""Money on its way to us: links to the page, what a provider tells of a payment, and what differs between two books."""
