"""How many examples a property test tries where the usual number does not suit it."""

from __future__ import annotations

from hypothesis import settings


def examples(usual: int) -> int:
    """``usual``, but no more than the profile's own number for `make`, and no less than that of a thorough run."""
    asked = settings.get_current_profile_name()
    if asked == "quick":
        return min(usual, settings.get_profile(asked).max_examples)
    if asked == "thorough":
        return max(usual, settings.get_profile(asked).max_examples)
    return usual
