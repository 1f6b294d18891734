"""Settings, limits, logs, metrics."""
