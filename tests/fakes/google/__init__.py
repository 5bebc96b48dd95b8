"""A Google with one account: Calendar v3, People v1 and OAuth on the loopback interface."""
