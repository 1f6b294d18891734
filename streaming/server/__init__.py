"""HTTP, WebSockets, admission and the life of every call."""
