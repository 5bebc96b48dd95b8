"""The sync engine: our own store and the remotes, brought into step (R5 to R24)."""
