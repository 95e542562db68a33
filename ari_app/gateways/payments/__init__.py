"""Providers of payments, each behind ``ports.payments.PaymentProvider``. Siblings share :mod:`reading` alone."""
