"""An Exchange server of our own, on the wire."""
