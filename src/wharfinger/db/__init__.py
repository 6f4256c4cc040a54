"""REMEMBERS: tables, queries, migrations; nothing here decides."""
