"""Files and functions stay small enough to be read in one go."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")])

Function = ast.FunctionDef | ast.AsyncFunctionDef


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[Function]:
    """Every function and method of a file, inner ones too."""
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, Function))


def lines(function: Function) -> int:
    """From `def` to the last line, without decorators."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def code_lines(function: Function) -> int:
    """The same without the docstring: saying more about a function must not make it count as longer."""
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    return lines(function) - ((first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0)


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_source_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400, "make it a folder of the same name"


@pytest.mark.parametrize("path", TESTS, ids=named)
def test_test_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 600, "split it by subject"


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_functions_are_short(path: Path) -> None:
    assert not {function.name: lines(function) for function in functions(path) if lines(function) > 60}


def test_most_functions_are_very_short() -> None:
    sizes = [code_lines(function) for path in SOURCES for function in functions(path)]
    assert median(sizes) <= 8
    assert sum(size > 50 for size in sizes) <= len(sizes) / 100


@pytest.mark.parametrize("path", [path for path in SOURCES if "cli" not in path.parts], ids=named)
def test_parameters_are_few(path: Path) -> None:
    """At most five by position; in `cli` a parameter is an option that its user writes by name anyway."""

    def positional(function: Function) -> int:
        given = [*function.args.posonlyargs, *function.args.args]
        return len([argument for argument in given if argument.arg not in {"self", "cls"}])

    assert not {function.name: positional(function) for function in functions(path) if positional(function) > 5}
