"""Whose fault an error is: too little memory, a device that failed, or neither."""

from __future__ import annotations

import pytest
import torch

from builder.training.device.failures import is_device_failure, is_out_of_memory

TOO_LITTLE = {
    "PyTorch on a GPU": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
    "Python": MemoryError(),
    "PyTorch on a CPU": RuntimeError(
        "[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: …"
    ),
    "cuBLAS": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    "cuDNN 8": RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    "cuDNN 9": RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    "cuDNN without room for any algorithm": RuntimeError(
        "FIND was unable to find an engine to execute this computation"
    ),
    "oneDNN": RuntimeError("could not create a memory object"),
}
FAILED = {
    "no kernels": torch.AcceleratorError("CUDA error: no kernel image is available for execution on the device"),
    "older PyTorch": RuntimeError("CUDA error: an illegal memory access was encountered"),
    "no driver": RuntimeError("Found no NVIDIA driver on your system."),
    "an old driver": RuntimeError("CUDA driver initialization failed, you might not have a CUDA gpu."),
    "cuDNN": RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    "cuBLAS": RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`"),
    "NCCL": RuntimeError("NCCL Error 1: unhandled cuda error"),
    "AMD's": RuntimeError("HIP error: invalid device function"),
}
OURS = {
    "shapes": RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
    "a key": KeyError("memory"),
    "a value": ValueError("CUDA error"),
}


class TestIsOutOfMemory:
    """Whoever allocates has words of its own."""

    @pytest.mark.parametrize("library", TOO_LITTLE)
    def test_all_of_them_are_understood(self, library: str) -> None:
        """By type or by words."""
        assert is_out_of_memory(TOO_LITTLE[library])

    def test_this_machines_own_words_are_among_them(self) -> None:
        """A thousand terabytes are not here."""
        with pytest.raises(RuntimeError) as raised:
            torch.empty(2**50)
        assert is_out_of_memory(raised.value)

    @pytest.mark.parametrize("error", [*OURS.values(), *FAILED.values()])
    def test_other_errors_are_not(self, error: Exception) -> None:
        """Shapes that do not fit would fit no better in smaller batches."""
        assert not is_out_of_memory(error)


class TestIsDeviceFailure:
    """A GPU, its driver and its libraries."""

    @pytest.mark.parametrize("who", FAILED)
    def test_they_are_told_from_our_mistakes(self, who: str) -> None:
        """By type, or by whose words they are."""
        assert is_device_failure(FAILED[who])

    @pytest.mark.parametrize("error", OURS.values())
    def test_other_errors_are_not(self, error: Exception) -> None:
        """They are the program's, or the network's."""
        assert not is_device_failure(error)
