"""The tables of services and of the orders to suspend and to restore them."""
