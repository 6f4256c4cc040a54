"""Every setting: type, default, unit, one line of meaning; and how a file and the environment become settings."""
