"""The domain room: operations, on both databases."""
