"""Sound as the rest of the package sees it: 16 kHz mono float32, positions counted in samples."""

SAMPLE_RATE = 16_000  # Hz
FPS = 25  # video frames a second
SAMPLES_PER_FRAME = SAMPLE_RATE // FPS  # 640: frame n shows samples [640 n, 640 (n + 1))
LOOKAHEAD_FRAMES = 2  # frame n is drawn once the samples of frame n + 2 are there: 80 ms
