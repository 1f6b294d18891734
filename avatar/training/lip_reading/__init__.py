"""Learning to read words from lips: the judge of how readable generated lips are."""
