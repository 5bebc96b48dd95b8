"""Services of other companies, as far as the tests need them."""
