"""The REST API as a user's script sees it: python-gitlab, and plain HTTP for what that hides."""
