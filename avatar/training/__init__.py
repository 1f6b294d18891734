"""From a video of a few minutes to a speaker bundle."""
