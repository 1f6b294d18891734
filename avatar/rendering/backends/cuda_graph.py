"""CUDA graphs: small networks are launch-bound, so a whole step is launched at once."""

from collections.abc import Callable

import torch
from torch import Tensor

BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128)  # batch sizes that are captured
WARM_UPS = 3  # runs before a capture, so that libraries have chosen their kernels

Drawing = Callable[..., Tensor]


class GraphedDrawing:
    """A function of tensors of one batch size, replayed as one CUDA graph a bucket.

    A batch is padded to the next bucket with what the buffers held before; rows do not see each
    other.  The result is valid until the next call with the same bucket.
    """

    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self._captured: dict[int, tuple[torch.cuda.CUDAGraph, list[Tensor], Tensor]] = {}

    def prepare(self, *row: Tensor) -> None:
        """Capture every bucket before anybody waits for it; row: tensors (1, ...)."""
        for bucket in BUCKETS:
            self(*(tensor.expand(bucket, *tensor.shape[1:]) for tensor in row))

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Tensors (B, ...) -> (B, ...), on the current stream, without waiting for it."""
        batch = len(inputs[0])
        if batch > BUCKETS[-1]:
            parts = zip(*(tensor.split(BUCKETS[-1]) for tensor in inputs), strict=True)
            return torch.cat([self(*part).clone() for part in parts])
        bucket = next(size for size in BUCKETS if size >= batch)
        if bucket not in self._captured:
            self._captured[bucket] = self._capture(bucket, inputs)
        graph, buffers, output = self._captured[bucket]
        for buffer, tensor in zip(buffers, inputs, strict=True):
            buffer[:batch].copy_(tensor, non_blocking=True)
        graph.replay()
        return output[:batch]

    def _capture(
        self, bucket: int, inputs: tuple[Tensor, ...]
    ) -> tuple[torch.cuda.CUDAGraph, list[Tensor], Tensor]:
        buffers = [tensor[:1].repeat(bucket, *[1] * (tensor.dim() - 1)) for tensor in inputs]
        for _ in range(WARM_UPS):
            self.drawing(*buffers)
        torch.cuda.current_stream().synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=torch.cuda.current_stream()):
            output = self.drawing(*buffers)
        return graph, buffers, output
