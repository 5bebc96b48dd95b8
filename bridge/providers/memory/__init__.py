"""A remote that lives in memory: for the demo account, and for tests, where it can be told to misbehave."""
