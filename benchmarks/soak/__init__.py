"""Generated requests for a long time: a server answers each without failing, and does not grow (``make soak``)."""
