"""So that people and machines can tell: watermark, label, signed provenance, and their reader."""
