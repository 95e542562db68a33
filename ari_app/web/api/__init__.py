"""The HTTP API: resources under /v1, for programs of the company."""
