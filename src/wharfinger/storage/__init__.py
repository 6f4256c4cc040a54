"""KEEPS: the bytes of blobs and uploads."""
