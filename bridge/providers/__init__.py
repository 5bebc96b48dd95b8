"""Remote services behind the ports: one folder each. Siblings do not know each other."""
