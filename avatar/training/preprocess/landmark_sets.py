"""Which of the 478 face-mesh landmarks are what."""

import itertools

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]


def _set(text: str) -> Indices:
    return np.array(text.split(), dtype=np.intp)


LIPS = _set(
    "61 146 91 181 84 17 314 405 321 375 291 185 40 39 37 0 267 269 270 409 "
    "78 95 88 178 87 14 317 402 318 324 308 191 80 81 82 13 312 311 310 415"
)
UPPER_INNER_LIP = _set("81 82 13 312 311")
LOWER_INNER_LIP = _set("178 87 14 317 402")
FACE_OVAL = _set(
    "10 338 297 332 284 251 389 356 454 323 361 288 397 365 379 378 400 377 "
    "152 148 176 149 150 136 172 58 132 93 234 127 162 21 54 103 67 109"
)
JAW = _set("454 323 361 288 397 365 379 378 400 377 152 148 176 149 150 136 172 58 132 93 234")
EYE_CORNERS = _set("33 133 263 362")
BROWS = _set("70 63 105 66 107 300 293 334 296 336")  # upper edges
RIGHT_EYE, LEFT_EYE = _set("33 133"), _set("362 263")
RIGHT_EYE_RIM = _set("33 7 163 144 145 153 154 155 133 173 157 158 159 160 161 246")
LEFT_EYE_RIM = _set("263 249 390 373 374 380 381 382 362 398 384 385 386 387 388 466")
INNER_LIPS = _set("78 95 88 178 87 14 317 402 318 324 308 415 310 311 312 13 82 81 80 191")
UPPER_LIDS, LOWER_LIDS = _set("159 158 160 386 385 387"), _set("145 153 144 374 380 373")
NOSE_TIP, NOSE_BASE, CHIN, FOREHEAD = 1, 2, 152, 10
UPPER_LIP, LOWER_LIP = 0, 17  # outer edges, in the middle
RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER = 61, 291

RIGID = _set(
    # nose: bridge, sides, tip
    "168 6 197 195 5 4 1 122 351 196 419 3 248 174 399 188 412 236 456 51 281 45 275 "
    "114 343 217 437 198 420 131 360 "
    # glabella and forehead
    "8 9 151 10 108 337 69 299 67 297 109 338 104 333 103 332 54 284 68 298 21 251 71 301 "
    # temples
    "162 389 127 356 139 368 34 264 143 372 156 383 "
    # eye corners and the bone round the eyes
    "33 133 263 362 130 359 243 463 244 464 245 465 193 417 35 265 111 340 117 346 118 347 119 348 "
    # upper cheeks
    "116 345 123 352 50 280 100 329 101 330 227 447 234 454"
)
"""Landmarks that neither speech nor blinks move much; their weights come from the data."""


def mesh_triangles() -> NDArray[np.intp]:
    """Triangles (T, 3) of the face mesh: the 3-cliques of MediaPipe's tessellation.

    The tessellation leaves the eyes and the mouth open; they are closed with fans.
    """
    from mediapipe.python.solutions.face_mesh_connections import FACEMESH_TESSELATION

    near: dict[int, set[int]] = {}
    for a, b in FACEMESH_TESSELATION:
        near.setdefault(a, set()).add(b)
        near.setdefault(b, set()).add(a)
    triangles = {
        tuple(sorted((a, b, c)))
        for a, around in near.items()
        for b, c in itertools.combinations(around, 2)
        if c in near[b]
    }
    fans = [
        (rim[0], rim[i], rim[i + 1])
        for rim in (RIGHT_EYE_RIM, LEFT_EYE_RIM, INNER_LIPS)
        for i in range(1, len(rim) - 1)
    ]
    return np.array(sorted(triangles) + fans, dtype=np.intp)
