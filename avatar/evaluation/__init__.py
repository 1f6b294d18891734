"""How good a speaker is, on speech it was not trained on."""
