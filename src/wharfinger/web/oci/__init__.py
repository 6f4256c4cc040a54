"""The /v2 and /jwt/auth dialect: the OCI distribution spec and the Docker token service."""
