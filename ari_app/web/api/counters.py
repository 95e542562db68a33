"""What the API has been asked, by route."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Requests that belong to no route.
OTHER = "(none)"


@dataclass(slots=True)
class RouteCounters:
    """Requests of one route; ``seconds`` is the time until their answers began, all together."""

    requests: int = 0
    refused: int = 0
    failed: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class ApiCounters:
    """One set of counters for each route, ``(none)`` for what asks for nothing that is there."""

    routes: dict[str, RouteCounters] = field(default_factory=lambda: {OTHER: RouteCounters()})

    def add(self, route: str | None, status: int, seconds: float) -> None:
        """Count an answer."""
        found = self.routes.get(route or OTHER) or self.routes[OTHER]
        found.requests += 1
        found.seconds += seconds
        if status >= 500:
            found.failed += 1
        elif status >= 400:
            found.refused += 1
