"""Services of others, as far as tests need them, speaking the wire format over loopback."""
