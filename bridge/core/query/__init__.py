"""Queries of DAV clients as pure code: filters, partial retrieval, free-busy (RFC 4791 7 to 9, RFC 6352 8 and 10)."""
