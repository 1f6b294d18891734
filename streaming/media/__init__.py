"""One performance: clock, sound in, pictures and voice out in step."""
