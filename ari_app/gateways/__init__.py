"""Services beyond the telephone network, as adapters: a language model."""
