"""How long the page takes to answer."""
