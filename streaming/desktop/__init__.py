"""The camera program: microphone in, virtual camera and other sinks out."""
