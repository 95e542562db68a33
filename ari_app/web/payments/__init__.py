"""The payment page of the customer, and the addresses that providers call back to."""
