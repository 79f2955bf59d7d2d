"""Small changes of one module's source, one at a time, as cosmic-ray makes them."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

#: In plain mode the kernels' decorators change nothing: taking one away is the same program.
LEFT_OUT = ("core/RemoveDecorator", "core/NoOp")


@dataclass(frozen=True, order=True)
class Mutant:
    """One change: the n-th place in a module at which an operator finds something to change."""

    module: str
    operator: str
    occurrence: int
    line: int
    definition: str


def mutants_of(root: Path, module: str) -> list[Mutant]:
    """Every mutant of a module (a path below `root`), annotations left alone."""
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast_from_path
    from cosmic_ray.ast.ast_query import ASTQuery

    tree = get_ast_from_path(root / module)
    skipped = annotated((root / module).read_text())
    found = []
    for name in plugins.operator_names():
        kind = plugins.get_operator(name)
        if name in LEFT_OUT or kind.arguments():
            continue
        operator = kind()
        places = (
            (node, *place)
            for node in ast_nodes(tree)
            for place in operator.mutation_positions(node)
        )
        for occurrence, (node, start, end) in enumerate(places):
            if not any(first <= start and end <= last for first, last in skipped):
                definition = ASTQuery(node).get_definition_name() or ""
                found.append(Mutant(module, name, occurrence, start[0], definition))
    return found


def annotated(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """((line, column), (line, column)) of every annotation: none is ever evaluated."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for name in ("annotation", "returns"):
            given = getattr(node, name, None)
            if isinstance(given, ast.expr):
                end = (given.end_lineno or 0, given.end_col_offset or 0)
                found.append(((given.lineno, given.col_offset), end))
    return found


def sample(mutants: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """So many of them, drawn evenly; the same ones for a seed."""
    if count >= len(mutants):
        return sorted(mutants)
    return random.Random(seed).sample(sorted(mutants), count)


def mutated(source: str, mutant: Mutant) -> str | None:
    """The module's source with the change; None when there is nothing to change."""
    from cosmic_ray import plugins
    from cosmic_ray.mutating import mutate_code

    made: str | None = mutate_code(
        source, plugins.get_operator(mutant.operator)(), mutant.occurrence
    )
    return made


def modules_of(root: Path, packages: Iterable[str]) -> list[str]:
    """The modules of packages, as paths below `root`."""
    return [
        str(path.relative_to(root))
        for package in packages
        for path in sorted((root / "sla_engine" / package).glob("*.py"))
    ]
