"""Files of sound and pictures: opening them, their time, their tracks, their colours."""
