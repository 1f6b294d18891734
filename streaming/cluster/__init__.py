"""Many machines as one server: each a replica of Ray Serve, and a directory of their calls."""
