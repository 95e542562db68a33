"""What the HTTP API keeps, and what it reads page by page."""
