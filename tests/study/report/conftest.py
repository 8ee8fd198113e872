"""Made-up studies that many tests look at; none of them is to be changed."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import pytest

from builder.study.page.space import NumberRange, SearchSpace
from builder.study.report.compose import compose
from builder.study.report.page import page
from builder.study.report.sections.content import gather
from tests.study.report.studies import PLAIN, make_study, three_factors

if TYPE_CHECKING:
    from pathlib import Path

    from builder.study.report.sections.blocks import Report
    from builder.study.report.sections.content import Content
    from builder.study.results.folder import StudyFolder
    from tests.study.report.studies import Truth

HOSTILE = "</title><script>alert(1)</script>\"'&"


class Made(NamedTuple):
    """A study's folder, what was gathered from it, its report and its page."""

    folder: StudyFolder
    content: Content
    report: Report
    html: str


def made(parent: Path, truth: Truth) -> Made:
    """Return a study that ended as ``truth`` says, and its report."""
    folder = make_study(parent, truth)
    content = gather(folder)
    report = compose(content)
    return Made(folder, content, report, page(report))


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a study that ended well, with two variants far ahead of the base."""
    return made(tmp_path_factory.mktemp("plain"), PLAIN)


@pytest.fixture(scope="session")
def partial(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a study of which a run failed and others are not there yet, with names and messages that are hostile."""
    truth = replace(
        PLAIN,
        name="partial",
        question=HOSTILE,
        classes=(HOSTILE, *PLAIN.classes[1:]),
        open=tuple((name, seed) for name in PLAIN.accuracy for seed in (8, 9)),
        lost={("alexnet_tiny_se_block1", 2): f"RuntimeError:\n{HOSTILE}"},
    )
    return made(tmp_path_factory.mktemp("partial"), truth)


@pytest.fixture(scope="session")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a study of two networks with two learning rates each: two groups that are compared within."""
    rates = ({"optimizer.lr": 0.001}, {"optimizer.lr": 0.01})
    accuracy = {name: PLAIN.accuracy[name] for name in list(PLAIN.accuracy)[:2]}
    return made(tmp_path_factory.mktemp("grid"), replace(PLAIN, name="grid", accuracy=accuracy, grid=rates))


@pytest.fixture(scope="session")
def rates(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a study of one network with six pairs of hyperparameters, of which some have no color of their own."""
    pairs = product((0.1, 0.01, 0.001), (0.0, 0.0005))
    choices = tuple({"optimizer.lr": lr, "optimizer.weight_decay": decay} for lr, decay in pairs)
    accuracy = {"alexnet_tiny": 82.0}
    return made(
        tmp_path_factory.mktemp("rates"), replace(PLAIN, name="rates", accuracy=accuracy, grid=choices, seeds=5)
    )


@pytest.fixture(scope="session")
def factors(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a study of three factors, of which one gains and two do not add up."""
    return made(tmp_path_factory.mktemp("factors"), three_factors())


@pytest.fixture(scope="session")
def screened(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a study that screened four networks and judged three."""
    return made(tmp_path_factory.mktemp("screened"), replace(PLAIN, name="screened", screen=2))


@pytest.fixture(scope="session")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a study that tried two networks with six rates each."""
    pytest.importorskip("optuna", reason="needs the extra `search`")
    search = SearchSpace({"optimizer.lr": NumberRange(0.001, 0.1, log=True)}, 6, "tpe", "median", 1)
    accuracy = {name: PLAIN.accuracy[name] for name in list(PLAIN.accuracy)[:2]}
    own = ({"optimizer.lr": 0.1},)
    truth = replace(PLAIN, name="searched", accuracy=accuracy, grid=own, screen=1, seeds=5, search=search)
    return made(tmp_path_factory.mktemp("searched"), truth)
