"""The database: typed models and queries. No rules, and no commit of its own: services own the transaction."""
