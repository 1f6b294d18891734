"""`python -m streaming.sinks.preview_window WIDTH HEIGHT`: shows the I420 pictures on its input."""

import sys

import cv2
import numpy as np

TITLE = "What the others see"
SMALLEST_WAIT = 1  # ms for the window's own events
WIDTH = 640  # pixels at first; a person may draw it larger
LOOK = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL


def main() -> None:
    width, height = (int(word) for word in sys.argv[1:3])
    bytes_each = width * height * 3 // 2
    cv2.namedWindow(TITLE, LOOK)
    cv2.resizeWindow(TITLE, WIDTH, WIDTH * height // width)
    while len(data := sys.stdin.buffer.read(bytes_each)) == bytes_each:
        picture = np.frombuffer(data, np.uint8).reshape(height * 3 // 2, width)
        cv2.imshow(TITLE, cv2.cvtColor(picture, cv2.COLOR_YUV2BGR_I420))
        cv2.waitKey(SMALLEST_WAIT)
        if cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) < 1:
            return


if __name__ == "__main__":
    main()
