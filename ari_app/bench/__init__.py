"""Measurements that compare this product with its alternatives in the same run; ``ari-app bench``."""
