"""The rendering process and its clients."""
