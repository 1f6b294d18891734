"""A CUDA device for machines that have none: code meant for a GPU runs on it, in true numbers.

A tensor of this device says that it is on `cuda:0` and holds its numbers on the CPU. Every call of
PyTorch that meets tensors of two devices is put before PyTorch's own FakeTensorMode, which raises
where CUDA would. FakeTensorMode alone has no numbers, so whatever asks for one (a size, a loss)
could not run, and on a build without CUDA it can build no graph for the gradients.

What only a GPU can show stays untested: kernels, their rounding, memory, streams, time.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from threading import Thread
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
)
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

CUDA, CPU = torch.device("cuda:0"), torch.device("cpu")
FOR_THE_HOST = {"numpy", "__array__"}  # of tensors on the CPU alone
MOVES = {"to", "copy_", "type_as"}  # from one device to the other
PLACE = {"device": CUDA, "is_cuda": True, "is_cpu": False}
UNKNOWN_WITHOUT_NUMBERS = (DataDependentOutputException, DynamicOutputShapeException)

Call = Callable[..., Any]


class CudaTensor(Tensor):
    """Says that it is on `cuda:0`."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> "CudaTensor":
        with torch._C.DisableTorchFunction():
            made = Tensor._make_wrapper_subclass(
                cls, held.shape, strides=held.stride(), dtype=held.dtype, device=CUDA
            )
        made.held = held
        return made

    @classmethod
    def __torch_function__(
        cls, func: Call, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        return call(func, args, kwargs or {})

    @classmethod
    def __torch_dispatch__(cls, func: Call, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise RuntimeError(f"{func} would reach a GPU that is not there")


class _Everywhere(TorchFunctionMode):
    """Also what makes tensors out of nothing."""

    def __torch_function__(
        self, func: Call, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        return call(func, args, kwargs or {})


class Graph:
    """A CUDA graph: the calls made while it was captured, made again with the same tensors."""

    capturing: "Graph | None" = None

    def __init__(self) -> None:
        self._calls: list[tuple[Call, Any, Any, Any]] = []

    def remember(self, func: Call, args: Any, kwargs: Any, found: Any) -> None:
        """One call on held tensors and what it gave."""
        self._calls.append((func, args, kwargs, found))

    def replay(self) -> None:
        """Whatever the calls give now stands where they gave it then."""
        for func, args, kwargs, found in self._calls:
            made = _tensors(func(*args, **kwargs))
            for before, now in zip(_tensors(found), made, strict=True):
                if before is not now:
                    before.copy_(now)


def call(func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What CUDA would do; raises where it would."""
    name = getattr(func, "__name__", "")
    tensors = _tensors((args, kwargs))
    here = [tensor for tensor in tensors if isinstance(tensor, CudaTensor)]
    if name == "__get__" and here and func.__self__.__name__ in PLACE:
        return PLACE[func.__self__.__name__]
    if func is torch.device or name == "_parse_to":  # these speak of devices only
        return func(*args, **kwargs)
    if here and name in FOR_THE_HOST:
        raise TypeError("can't convert cuda:0 device type tensor to numpy; use .cpu() first")
    if here and len(here) < len(tensors) and name not in MOVES:
        _judge(func, args, kwargs)
    held_args, held_kwargs = _held(args), _held(kwargs)
    held_kwargs.pop("pin_memory", None)
    with torch._C.DisableTorchFunction():
        found = _pinned(args) if name == "pin_memory" else func(*held_args, **held_kwargs)
    if Graph.capturing and name != "__get__":
        Graph.capturing.remember(func, held_args, held_kwargs, found)
    from_ = CUDA if here else CPU
    there = _destination(name, args, kwargs) or from_
    if (
        there.type != from_.type
        and name != "copy_"
        and any(found is tensor for tensor in _tensors(held_args))
    ):
        found = found.clone()  # between devices nothing is shared
    if there.type != "cuda":
        return found
    known = {id(tensor.held): tensor for tensor in here}
    if isinstance(found, Tensor):
        return _shown(found, known)
    return tree_map(lambda value: _shown(value, known), found)


def _shown(value: Any, known: dict[int, CudaTensor]) -> Any:
    """A result on the device; what was changed in place is the tensor it was."""
    if not isinstance(value, Tensor):
        return value
    return known[id(value)] if id(value) in known else CudaTensor(value)


def _tensors(value: Any) -> list[Tensor]:
    """All in a call's arguments or results, in their order."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, tuple | list):
        return []
    return [tensor for part in value for tensor in _tensors(part)]


def _held(value: Any) -> Any:
    """The arguments of a call, all of them on the CPU."""
    if isinstance(value, CudaTensor):
        return value.held
    if isinstance(value, Tensor):
        return value
    if isinstance(value, dict):
        return {name: _held(part) for name, part in value.items()}
    if type(value) in (tuple, list):
        return type(value)(_held(part) for part in value)
    is_cuda = isinstance(value, torch.device | str) and str(value).partition(":")[0] == "cuda"
    return CPU if is_cuda else value


def _pinned(args: Sequence[Any]) -> Tensor:
    if isinstance(args[0], CudaTensor):
        raise RuntimeError("cannot pin 'cuda:0', only dense CPU tensors can be pinned")
    return torch.as_tensor(args[0])


def _destination(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> torch.device | None:
    """Where the call was asked to put its result."""
    if name == "cpu":
        return CPU
    if name == "cuda":
        return CUDA
    if name == "copy_":
        return CUDA if isinstance(args[0], CudaTensor) else CPU
    asked = kwargs.get("device")
    if asked is None and name in ("to", "type_as"):
        asked = next((a for a in args[1:] if isinstance(a, torch.device | str | Tensor)), None)
        asked = asked.device if isinstance(asked, Tensor) else asked
    return None if asked is None else torch.device(asked)


def _judge(func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Ask FakeTensorMode whether tensors of two devices may meet in this call."""
    if func in (Tensor.__getitem__, Tensor.__setitem__):
        _judge_indexing(*args)
        return
    with torch._C.DisableTorchFunction(), torch.no_grad(), FakeTensorMode() as mode:

        def fake(value: Any) -> Any:
            if not isinstance(value, Tensor):
                return value
            place = CUDA if isinstance(value, CudaTensor) else CPU
            numbers = value.held if isinstance(value, CudaTensor) else value
            blank = torch.empty_strided(
                numbers.shape, numbers.stride(), dtype=numbers.dtype, device="meta"
            )
            return FakeTensor(mode, blank, place)

        with suppress(*UNKNOWN_WITHOUT_NUMBERS):
            func(*tree_map(fake, args), **tree_map(fake, kwargs))


def _judge_indexing(of: Tensor, at: Any, values: Any = None) -> None:
    """Indices on the CPU may be used on a GPU, not the other way round; values may be copied to
    a slice from anywhere, to places named by tensors only from the same device."""
    indices = _tensors(at)
    on_cuda = isinstance(of, CudaTensor)
    if not on_cuda and any(isinstance(index, CudaTensor) for index in indices):
        raise RuntimeError("indices of a tensor on the CPU must be there, too, not on cuda:0")
    many = isinstance(values, Tensor) and values.dim() > 0
    if indices and many and isinstance(values, CudaTensor) != on_cuda:
        raise RuntimeError("values for places named by tensors must be on the same device")


class _Stream:
    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def synchronize(self) -> None:
        """All is done at once here."""

    record = wait_event = wait_stream = synchronize


@contextmanager
def _capture(graph: Graph, **_: Any) -> Iterator[None]:
    Graph.capturing = graph
    try:
        yield
    finally:
        Graph.capturing = None


def _run_there(thread: Thread, run: Callable[[Thread], None] = Thread.run) -> None:
    """What a thread does, where the device is: a mode is a thread's own."""
    with _Everywhere():
        run(thread)


@contextmanager
def pretend_cuda() -> Iterator[str]:
    """The name of a CUDA device that is there while the block runs."""
    overwrites = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    there = {
        "_lazy_init": lambda: None,
        "is_available": lambda: True,
        "is_bf16_supported": lambda: True,
        "get_device_name": lambda *_: "none",
        "Stream": _Stream,
        "Event": _Stream,
        "current_stream": _Stream,
        "stream": lambda _: nullcontext(),
        "CUDAGraph": Graph,
        "graph": _capture,
    }
    try:
        with (
            patch.multiple(torch.cuda, **there),
            patch.object(Thread, "run", _run_there),
            _Everywhere(),
        ):
            yield str(CUDA)
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(overwrites)
