"""What is around a network, and functions whose Python is hidden."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from builder.diagnostics import ArchError
from builder.importing.network import import_module
from tests.importing.norms import Around, page


def net() -> nn.Module:
    """Return a small network."""
    return Around(nn.Conv2d(8, 8, 1))


class TestWrappers:
    """What only runs a network is taken off."""

    @pytest.mark.parametrize(
        "wrap", [nn.DataParallel, AveragedModel, torch.compile, lambda inner: nn.DataParallel(torch.compile(inner))]
    )
    def test_keys_are_those_of_the_network_itself(self, wrap: Any) -> None:
        """Without `module.` and `_orig_mod.`, as a plain network has them."""
        found = import_module(wrap(net()), (3, 16, 16))
        assert found.is_equal, found.unproven
        assert "  stem: {conv: {out: 8, kernel: 3, padding: 1}}\n" in found.text

    @pytest.mark.parametrize(("inside", "named"), [(False, "RecursiveScriptModule"), (True, "`inner` of Around")])
    def test_a_compiled_program_is_refused(self, inside: bool, named: str) -> None:
        """Its Python is gone; the part that it is has its name."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            scripted = torch.jit.script(nn.Conv2d(8, 8, 1) if inside else net())
        with pytest.raises(ArchError) as raised:
            import_module(Around(scripted) if inside else scripted, (3, 16, 16))
        (found,) = raised.value.diagnostics
        assert found.message == f"{named} is a compiled program of torch.jit, and its Python is gone"
        assert "before it is scripted" in str(found.hint)


class Doubled(torch.autograd.Function):
    """Twice the positive part, with a backward pass of its own."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, factor: float) -> torch.Tensor:
        """Return as many values."""
        ctx.save_for_backward(x)
        ctx.set_materialize_grads(False)
        return factor * torch.relu(x)


class Split(torch.autograd.Function):
    """The same, its context set up apart."""

    @staticmethod
    def forward(x: torch.Tensor, factor: float) -> torch.Tensor:
        """Return as many values."""
        return factor * torch.relu(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep nothing."""


class Applying(nn.Module):
    """It calls a function's `apply` by its class, by a global, and on what is no image."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        return Doubled.apply(x, 2.0) + taken(x, Doubled.apply(torch.ones(1), 1.0).numel())


taken = Split.apply


class Calling(nn.Module):
    """It calls a function."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        return self.function(x, 2.0)


class Once(nn.Module):
    """It calls a function of one value."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return as many channels."""
        return self.function(x)


def doubled(x: torch.Tensor, factor: float) -> torch.Tensor:
    """Return twice the positive part."""
    return factor * torch.relu(x)


class TestHidden:
    """Functions in C++ are looked into, which tracing would crash on."""

    @pytest.mark.parametrize("function", [Doubled.apply, Split.apply])
    def test_functions_with_a_backward_pass_are_their_forward_pass(self, function: Any) -> None:
        """As memory-saving activations have one."""
        text = page(Calling(function))
        assert "relu: relu" in text
        assert "rescale: {rescale: {scale: 2.0}}" in text

    def test_they_are_found_wherever_they_are_taken_from(self) -> None:
        """A class, or a global; with numbers they run as before."""
        assert "merge" not in page(Applying())

    def test_scripted_functions_are_what_was_scripted(self) -> None:
        """And run as before where nothing is traced."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            scripted = torch.jit.script(doubled)
        before = torch.jit.ScriptFunction.__call__
        assert "rescale: {rescale: {scale: 2.0}}" in page(Calling(scripted))
        assert torch.jit.ScriptFunction.__call__ is before
        assert torch.equal(scripted(torch.ones(2), 2.0), torch.full((2,), 2.0))

    def test_a_function_that_was_never_python_is_answered(self) -> None:
        """Such as one that was compiled from a text."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled = torch.jit.CompilationUnit("def twice(x):\n    return x * 2\n").twice
        with pytest.raises(ArchError) as raised:
            import_module(Around(Once(compiled)), (3, 16, 16))
        assert "cannot be traced" in raised.value.diagnostics[0].message
