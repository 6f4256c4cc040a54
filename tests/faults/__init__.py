"""What fails outside: disks that fill up, break or lie, power cuts, kill -9."""
