"""`make trace`: what is required -> the tests and benches that show it, and what nothing shows yet."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
KNOWN = ROOT / "docs" / "requirements.md"
_ID = re.compile(r"[A-Z]-\d+")
_LISTED = re.compile(r"^- ([A-Z]-\d+): (.+)$", re.MULTILINE)


def marked_tests(path: Path) -> list[tuple[str, str]]:
    """Return (requirement, test) pairs of one file, by the marks of the test, of its class and of the file."""
    name = path.relative_to(ROOT)
    whole = ast.parse(path.read_text(encoding="utf-8"))
    return [(requirement, f"{name}::{test}") for requirement, test in _marked_in(whole, [])]


def _marked_in(scope: ast.Module | ast.ClassDef, outer: list[str]) -> Iterator[tuple[str, str]]:
    """Yield what is said of the tests in a file or class. pytest takes a mark of either for each test in it."""
    common = [*outer, *_said_of_all(scope)]
    for node in scope.body:
        if isinstance(node, ast.ClassDef):
            yield from _marked_in(node, [*common, *_ids_in(node.decorator_list)])
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            # What is said of the whole file is said of its tests, not of what they use.
            said = [*(common if node.name.startswith("test") else ()), *_ids_in(node.decorator_list)]
            yield from ((requirement, node.name) for requirement in dict.fromkeys(said))


def _said_of_all(scope: ast.Module | ast.ClassDef) -> list[str]:
    """Return the requirements in the `pytestmark` of a file or class."""
    found = []
    for node in scope.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in targets):
            found += _ids_in([node])
    return found


def _ids_in(nodes: Iterable[ast.AST]) -> list[str]:
    said = " ".join(ast.unparse(node) for node in nodes)
    return [requirement for ids in re.findall(r"mark\.req\(([^)]*)\)", said) for requirement in _ID.findall(ids)]


def bench_rows(path: Path) -> list[tuple[str, str]]:
    """Return (requirement, function) pairs of one bench: a row is named by a text that is a requirement's id."""
    found: dict[tuple[str, str], None] = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and _ID.fullmatch(part.value):
                found[part.value, f"{path.relative_to(ROOT)}::{node.name} (bench)"] = None
    return list(found)


def main() -> int:
    """Print the table. Exits 1 if a test or a bench names a requirement that does not exist."""
    shown: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for requirement, test in marked_tests(path):
            shown[requirement].append(test)
    for path in sorted((ROOT / "tests" / "bench").glob("bench_*.py")):
        for requirement, row in bench_rows(path):
            shown[requirement].append(row)
    known = dict(_LISTED.findall(KNOWN.read_text(encoding="utf-8")))
    for requirement, sentence in known.items():
        sys.stdout.write(f"{requirement}  {sentence}\n")
        sys.stdout.writelines(f"      {test}\n" for test in shown.get(requirement, ["-"]))
    unknown = sorted(set(shown) - set(known))
    bare = sum(requirement not in shown for requirement in known)
    sys.stdout.write(f"\n{len(known) - bare} of {len(known)} requirements have tests or benches\n")
    if unknown:
        sys.stdout.write(f"named but unknown: {', '.join(unknown)}\n")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
