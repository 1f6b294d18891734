"""Names of the sockets in the private folder of a server."""

RENDERER = "renderer.sock"  # which all workers share
