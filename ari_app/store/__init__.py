"""Adapter for SQLite: schema, migrations, the one writer, repositories."""
