"""Pages of networks, recipes and studies: from bytes to a graph, a recipe, or the networks of a study."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.fuzzing.mutation import yaml_mutant
from benchmarks.fuzzing.schema import Grammar
from benchmarks.fuzzing.target import Target
from builder.diagnostics import ArchError
from builder.identity import graph_id
from builder.lowering import load_page, lower, resolved_page
from builder.ops import MERGES, OPERATIONS
from builder.shipped import shipped_folder, shipped_recipes, shipped_studies
from builder.spec.fields import BLOCK_FIELDS, MODIFIERS, PageFields
from builder.spec.page import POINTS, RESERVED
from builder.spec.schema import json_schema
from builder.study.page.fields import Data, Range, Search, Seeds, StudyPage
from builder.study.page.networks import networks
from builder.study.page.page import read_study, study_json_schema
from builder.training.recipe.data_sets import DATA_SETS
from builder.training.recipe.recipe import CHOICES, Recipe, choices, load_recipe, recipe_json_schema
from tests.language.test_generated_pages import WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.graph import Graph

LONGEST = 700
"""Bytes of a page: enough for every construct, and short enough for hundreds a second."""

KEPT = Path(__file__).parents[2] / "tests" / "kept" / "page"

HEAD = "name: n\ninput: [3, 8, 8]\nclasses: 2\n"
TAIL = "  pool: adaptiveavgpool\n  flat: flatten\n  head: {linear: {out: $classes}}\n"
PLAIN = f"""{HEAD}layers:
  a: {{conv: {{out: 4, kernel: 3, padding: 1}}}}
  b: {{layers: [relu, {{se: {{hidden: 1}}}}], shortcut: auto, activation: relu}}
{TAIL}"""
FAMILY = f"""{HEAD}params: {{w: 4, d: [1, 2]}}
members: {{m: {{w: 2}}}}
defaults: {{conv: {{bias: false}}}}
init: {{conv: {{weight: kaiming_normal}}, linear: {{bias: 0}}}}
templates:
  T:
    params: {{o: int, h: $in * 2}}
    layers: [{{conv: {{out: $h, kernel: 1}}}}, {{conv: {{out: $o, kernel: 1}}}}]
    shortcut: identity if $in == $o else none
layers:
  s{{$i}}: {{repeat: n in $d, layers: [{{T: {{o: $w}}, repeat: $n, when: $first or $w > 1}}]}}
  j: {{branches: [{{a: relu}}, {{}}], merge: concat}}
{TAIL}"""
EDITED = """name: n
extends: alexnet_tiny
insert:
  - {se: {hidden: 2}, at: block1.out, name: 'g_{$point}'}
set: {block1: {shortcut: auto}}
replace: {classifier.relu1: gelu}
"""
USING = f"""{HEAD}uses: gates.yaml
layers:
  e: ECA
  c: {{CBAM: {{reduction: 1}}}}
{TAIL}variants:
  w: {{insert: {{se: {{hidden: [1, 2]}}}}, among: '*.out', count: [0, 1]}}
"""
SMALL = (PLAIN, FAMILY, EDITED, USING)
"""Pages to begin with: every construct once."""

STUDY = """name: s
base: alexnet_tiny
variants: {gate: {insert: {se: {reduction: 4}}, among: 'block*.out', count: [0, 1]}}
data: {name: digits, subset: 100, test: 9}
set: {epochs: 2, lr: 0.01}
seeds: {screen: 1, confirm: 3}
search:
  over: {lr: {low: 0.001, high: 0.1, log: true}, batch_size: [32, 64], epochs: {low: 2, high: 8, step: 2}}
  trials: 4
  pruner: median
budget: {hours: 1}
"""
GRID = """name: g
base: alexnet_tiny
data: {name: digits}
recipe: digits
grid: {optimizer.name: [sgd, adam], schedule.warmup: [0, 1]}
seeds: 3
smallest_difference: 1 %
"""


def page_target() -> Target:
    """Return the pages of networks."""
    fields = {name for each in OPERATIONS.values() for name in each.model_fields}
    named = {*OPERATIONS, *MERGES, *fields, *BLOCK_FIELDS, *MODIFIERS, *PageFields.model_fields, *POINTS}
    words = (*sorted(named), *(f"${name}" for name in RESERVED), *WORDS)
    return _target(_read_page, _pages, json_schema(), words, LONGEST)


def recipe_target() -> Target:
    """Return recipes."""
    words = _words_of_recipes()
    return _target(_read_recipe, _recipes, recipe_json_schema(), words, 1000)


def study_target() -> Target:
    """Return the pages of studies."""
    fields = [name for each in (Data, Range, Search, Seeds, StudyPage) for name in each.model_fields]
    words = (*fields, *_words_of_recipes(), *DATA_SETS, "tpe", "gp", "random", "hyperband", "1 %", "2 points")
    return _target(_read_study, _studies, study_json_schema(), words, 1500)


def _target(
    read: Callable[[bytes, Path], None],
    seeds: Callable[[], list[bytes]],
    schema: dict[str, object],
    words: tuple[str, ...],
    longest: int,
) -> Target:
    mutate = partial(yaml_mutant, grammar=Grammar(schema, words), words=words)
    return Target(read, seeds, mutate, words, longest)


def _read_page(data: bytes, folder: Path) -> None:
    """Load a page; if it is one, the page that is resolved from it must be the same network."""
    path = folder / "page.yaml"
    path.write_bytes(data)
    page = load_page(path)
    graph = lower(page)
    again = _lowered(folder / "again.yaml", resolved_page(page, graph))
    if graph_id(again) != graph_id(graph):
        raise AssertionError("the resolved page is another network")


def _lowered(path: Path, text: str) -> Graph:
    path.write_text(text, "utf-8")
    try:
        return lower(load_page(path))
    except ArchError as error:
        raise AssertionError(f"the resolved page is wrong:\n{text}\n{error}") from error


def _pages() -> list[bytes]:
    short = [path.read_text("utf-8") for path in sorted(shipped_folder().glob("*.yaml"))]
    return [text.encode() for text in (*SMALL, *(each for each in short if len(each) < LONGEST))]


def _words_of_recipes() -> tuple[str, ...]:
    models = [model for field in CHOICES for model in choices(field).values()]
    fields = {name for model in (Recipe, *models) for name in model.model_fields}
    chosen = [name for field in CHOICES for name in choices(field)]
    return (*sorted(fields), *chosen, "kaiming_normal", "imagenet", "flip", "cutout", "1e-3", "0.5")


def _read_recipe(data: bytes, folder: Path) -> None:
    """Load a recipe; if it is one, the file that a run keeps of it must be the same."""
    path = folder / "recipe.yaml"
    path.write_bytes(data)
    recipe = load_recipe(path)
    path.write_text(recipe.to_yaml(), "utf-8")
    try:
        again = load_recipe(path)
    except ArchError as error:
        raise AssertionError(f"what a run keeps of its recipe is wrong:\n{recipe.to_yaml()}\n{error}") from error
    if again != recipe:
        raise AssertionError("what a run keeps of its recipe is another one")


def _recipes() -> list[bytes]:
    return [path.read_bytes() for path in (*shipped_recipes().values(), KEPT / "tiny_recipe.yaml")]


def _read_study(data: bytes, folder: Path) -> None:
    path = folder / "study.yaml"
    path.write_bytes(data)
    networks(read_study(path))


def _studies() -> list[bytes]:
    small = [path.read_bytes() for name, path in shipped_studies().items() if name.startswith("digits")]
    return [STUDY.encode(), GRID.encode(), *small]
