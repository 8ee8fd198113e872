"""Which errors are a device's and not the program's: too little memory, no kernels, a driver that gave up."""

from __future__ import annotations

import torch

_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed", "allocation_failed",
          "unable to find an engine to execute", "bad_alloc", "create a memory")  # fmt: skip
"""What PyTorch's allocators, cuBLAS, cuDNN, C++ and oneDNN say, of which only the first has an error of its own."""


_DEVICE = ("cuda error", "cuda driver", "cudnn error", "cudnn_status", "cublas_status", "nvidia driver",
           "no kernel image", "nccl error", "hip error", "miopen error", "mps backend", "level zero")  # fmt: skip
"""What drivers and libraries of GPUs say, as PyTorch passes it on where it has no ``AcceleratorError`` for it."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether ``error`` says that memory is too small, in the words of any library that allocates it."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _MEMORY)


def is_device_failure(error: BaseException) -> bool:
    """Return whether ``error`` says that a GPU, its driver or one of its libraries failed, for whatever reason."""
    if isinstance(error, torch.AcceleratorError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _DEVICE)
