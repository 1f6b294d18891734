"""Puts every change to aiortc in place; nothing of it happens at import."""

from streaming.webrtc.aiortc_patches import private_names


def install() -> None:
    """Check that aiortc is one that the changes fit, and make them; a second time is harmless.

    What is changed of one connection only (`guarded_transport`, `ice_restart`, `packet_sender`,
    `received_packets`, `sender_reports`, the limit of `playout_delay`) relies on the same check.
    Raises AvatarError.
    """
    private_names.check()
    # Imported after the check: they would fail at names that are gone, in words of Python's own.
    from streaming.webrtc.aiortc_patches import (
        h264_encoder,
        jitter_buffer,
        packet_sender,
        playout_delay,
        prompt_voice,
        vp8_encoder,
    )

    jitter_buffer.install()
    packet_sender.install()
    playout_delay.install()
    prompt_voice.install()
    vp8_encoder.install()
    h264_encoder.install()
