"""`avatar doctor`: what would keep calls from working, in plain words."""
