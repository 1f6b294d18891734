"""A speaker on disk: the bundle, its card, loading, saving, archives."""
