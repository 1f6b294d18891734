"""From sound to finished frames: the speaker bundle, the streaming window and the compositor."""
