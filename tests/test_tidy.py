"""Properties of the project's own text: sizes, words that do not belong, places of one machine."""

import ast
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINE_CHARS_MAX = 100
FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 500

NOT_OURS = {"__pycache__", "build", "dist", "data", "htmlcov"}
TEXT_SUFFIXES = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".lua", ".csv", ".json", ".sh", ""}
CORE = "event calendar policy clock timer score escalation alert engine source".split()

# Put together here, so that this file does not hold what it forbids.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")
REGISTRIES = [
    f"{name}.{end}"
    for name, end in [
        ("py" + "pi", "org"),
        ("python" + "hosted", "org"),
        ("crates", "io"),
        ("registry.npm" + "js", "org"),
        ("repo1.ma" + "ven", "org"),
        ("repo.ma" + "ven.apache", "org"),
        ("proxy.go" + "lang", "org"),
        ("deb.deb" + "ian", "org"),
    ]
]
MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(work|root|home/\w+|Users/\w+)/")


@cache
def files() -> list[Path]:
    """Text files of the project, without what is built or cached."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if is_source_folder(name)]
        paths = (Path(folder, name) for name in names if name != ".coverage")
        found += [path for path in paths if path.suffix in TEXT_SUFFIXES]
    return sorted(found)


def is_source_folder(name: str) -> bool:
    hidden = name.startswith(".") and name != ".ci"
    return not hidden and name not in NOT_OURS and not name.endswith(".egg-info")


def none_of(found: list[str]) -> None:
    """Fail with every finding on a line of its own."""
    assert not found, "\n" + "\n".join(found)


def of_kind(suffix: str) -> list[Path]:
    return [path for path in files() if path.suffix == suffix]


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    return list(ast.walk(tree_of(path)))


def place(path: Path, line: int, message: str) -> str:
    return f"{path.relative_to(ROOT)}:{line}: {message}"


def nodes(*kinds: type[ast.AST]) -> Iterator[tuple[Path, ast.AST]]:
    """Every syntax node of the kinds, in every Python file."""
    for path in of_kind(".py"):
        for node in nodes_of(path):
            if isinstance(node, kinds):
                yield path, node


def called(node: ast.Call) -> str:
    """`print` for print(...), `sleep` for time.sleep(...)."""
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def test_a_module_can_be_read_in_one_sitting() -> None:
    lengths = [(path, len(text_of(path).splitlines())) for path in of_kind(".py")]
    none_of([place(path, n, "divide it") for path, n in lengths if n > MODULE_LINES_MAX])


def test_a_function_can_be_seen_whole() -> None:
    found = []
    for path, node in nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > FUNCTION_LINES_MAX:
            found.append(place(path, node.lineno, f"{node.name} has {length} lines"))
    none_of(found)


def test_a_line_fits_beside_another() -> None:
    none_of(
        [
            place(path, number, f"{len(line)} characters")
            for path in of_kind(".py")
            for number, line in enumerate(text_of(path).splitlines(), 1)
            if len(line) > LINE_CHARS_MAX
        ]
    )


def test_a_module_says_what_it_is_for() -> None:
    modules = [(path, tree_of(path)) for path in of_kind(".py")]
    none_of(
        [
            place(path, 1, "begin with a docstring: what is this for?")
            for path, tree in modules
            if tree.body and not ast.get_docstring(tree)
        ]
    )


def test_no_error_is_caught_blindly() -> None:
    found = []
    for path, node in nodes(ast.ExceptHandler):
        assert isinstance(node, ast.ExceptHandler)
        if node.type is None:
            found.append(place(path, node.lineno, "name the error"))
        elif path.relative_to(ROOT).parts[:1] == ("sla_engine",) and path.parent.name in CORE:
            if getattr(node.type, "id", "") in ("Exception", "BaseException"):
                found.append(place(path, node.lineno, "the core names the error it expects"))
    none_of(found)


def test_nothing_is_left_for_later() -> None:
    none_of(
        [
            place(path, getattr(node, "lineno", 0), "build it")
            for path, node in nodes(ast.Raise)
            if "NotImplementedError" in ast.dump(node)
        ]
    )
    none_of(
        [
            place(path, number, "do it now, or open an issue")
            for path in files()
            for number, line in enumerate(text_of(path).splitlines(), 1)
            if UNFINISHED.search(line)
        ]
    )


def test_only_commands_print() -> None:
    none_of(
        [
            place(path, node.lineno, "log it, or return it")
            for path, node in nodes(ast.Call)
            if isinstance(node, ast.Call) and called(node) == "print" and not may_print(path)
        ]
    )


def may_print(path: Path) -> bool:
    top, *rest = path.relative_to(ROOT).parts
    return top not in ("sla_engine", "tests") or rest[0].removesuffix(".py") in ("cli", "__main__")


def is_mere_yield(node: ast.Call) -> bool:
    """`asyncio.sleep(0)` lets other tasks run; it waits for nothing."""
    return any(isinstance(arg, ast.Constant) and arg.value == 0 for arg in node.args)


def test_a_test_waits_for_what_it_needs_and_never_sleeps() -> None:
    none_of(
        [
            place(path, node.lineno, "wait for the condition instead")
            for path, node in nodes(ast.Call)
            if isinstance(node, ast.Call)
            and called(node) == "sleep"
            and not is_mere_yield(node)
            and path.name.startswith("test_")
        ]
    )


def test_no_registry_and_no_path_of_one_machine_is_named() -> None:
    found = []
    for path in files():
        for number, line in enumerate(text_of(path).splitlines(), 1):
            if any(host in line for host in REGISTRIES):
                found.append(place(path, number, "name no package registry"))
            if MACHINE_PATH.search(line):
                found.append(place(path, number, "a path of one machine"))
    none_of(found)


def test_files_have_no_tabs_and_end_with_a_line_end() -> None:
    none_of(
        [
            str(path.relative_to(ROOT))
            for path in files()
            if ("\t" in text_of(path) and path.name != "Makefile")
            or (text_of(path) and not text_of(path).endswith("\n"))
        ]
    )


def test_a_page_has_one_title() -> None:
    fenced = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
    titles = {
        str(path.relative_to(ROOT)): len(
            re.findall(r"^# .+$", fenced.sub("", text_of(path)), flags=re.MULTILINE)
        )
        for path in of_kind(".md")
    }
    assert {page: count for page, count in titles.items() if count != 1} == {}
