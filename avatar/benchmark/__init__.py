"""How fast a speaker renders, measured on this machine."""
