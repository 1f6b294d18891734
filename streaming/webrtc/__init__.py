"""A call's peer connection."""
