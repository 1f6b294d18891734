"""Every change to aiortc, in one home."""
