"""A Microsoft Graph of our own: stateful, on the wire, and checked against the shapes of the real one."""
