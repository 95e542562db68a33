"""Payment links, the way from an order to a provider, callbacks, and the reconciliation with a provider's own list."""
