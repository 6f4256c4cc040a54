"""The storage room: one suite for every place that keeps bytes."""
