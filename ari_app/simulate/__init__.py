"""A campaign in virtual time: the real rules against a stochastic population (docs/simulate.md)."""
