"""The sync engine under measurement: first syncs, unchanged runs and single changes."""
