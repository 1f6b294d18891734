"""`python -m streaming.sinks.preview_window WIDTH HEIGHT`: shows the I420 pictures on its input.

SDL draws, because the build of OpenCV that can live beside other packages has no windows.
"""

import sys

import cv2
import numpy as np
import pygame
from numpy.typing import NDArray

NO_SCREEN = ("offscreen", "dummy")  # SDL's drivers where it finds neither X11 nor Wayland
TITLE = "What the others see"
WIDTH = 640  # pixels at first; a person may draw it larger


def main() -> None:
    width, height = (int(word) for word in sys.argv[1:3])
    bytes_each = width * height * 3 // 2
    pygame.display.init()
    if pygame.display.get_driver() in NO_SCREEN:
        sys.exit(1)
    pygame.display.set_caption(TITLE)
    window = pygame.display.set_mode((WIDTH, WIDTH * height // width), pygame.RESIZABLE)
    while len(data := sys.stdin.buffer.read(bytes_each)) == bytes_each:
        draw(np.frombuffer(data, np.uint8).reshape(height * 3 // 2, width), window)
        if pygame.event.get(pygame.QUIT):
            return
        pygame.event.clear()


def draw(picture: NDArray[np.uint8], window: pygame.Surface) -> None:
    """One I420 picture (height * 3 / 2, width), as large as fits into the window."""
    rgb = cv2.cvtColor(picture, cv2.COLOR_YUV2RGB_I420)
    height, width = rgb.shape[:2]
    across, down = window.get_size()
    scale = min(across / width, down / height)
    image = pygame.image.frombuffer(rgb.tobytes(), (width, height), "RGB")
    image = pygame.transform.smoothscale(image, (round(width * scale), round(height * scale)))
    window.fill("black")
    window.blit(image, image.get_rect(center=(across // 2, down // 2)))
    pygame.display.flip()


if __name__ == "__main__":
    main()
