"""How late, how smooth and for how long: real calls, measured."""
