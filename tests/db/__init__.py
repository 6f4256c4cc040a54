"""The database room: transactions and hot reads."""
