"""Cases over 90 days: evidence, hand-over, and what became of them (requirements F24 to F28, K2, K12)."""
