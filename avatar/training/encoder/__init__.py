"""Training of the speaker-independent speech encoder."""
