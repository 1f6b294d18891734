"""How many bits a second aiortc's VP8 encoder may use for a face of 512x512 at 25 fps."""

from streaming.face_encoder import install

__all__ = ["install"]
