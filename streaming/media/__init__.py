"""One stream: clock, sound in, pictures and voice out in step."""
