"""The tables of what becomes of a debt. Every change of one ends in :func:`settlement.settle_account`."""
