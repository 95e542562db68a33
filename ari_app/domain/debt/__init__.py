"""What becomes of a debt after a contact: money, promises, plans, disputes, the service, and cases of long standing."""
