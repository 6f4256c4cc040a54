"""How the tables came to be, one revision a change, oldest first by number. Run by `db/migrate.py` alone."""
