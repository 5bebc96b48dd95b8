"""Use cases. Each owns its transaction, asks the core what to do, and has the store write it down."""
