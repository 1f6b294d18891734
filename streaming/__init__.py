"""Moves sound and pixels: WebRTC, virtual camera, benchmark. No torch here."""
