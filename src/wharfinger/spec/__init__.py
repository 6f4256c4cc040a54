"""NAMES: the words of the OCI specs."""
