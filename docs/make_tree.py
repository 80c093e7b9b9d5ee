"""Write the tree of modules into architecture.md, a line per file: python docs/make_tree.py."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/architecture.md"
BEGIN, END = "<!-- tree: made by docs/make_tree.py -->\n", "<!-- end of tree -->\n"
WIDTH = 30


def summary(path: Path) -> str:
    """Return the first paragraph of the docstring of a module, on one line."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(docstring.split("\n\n")[0].split())


def package_lines(package: Path, indent: str) -> list[str]:
    """Return the lines of a package: the package itself, its modules, then its packages."""
    head = f"{package.name}/"
    lines = [f"{indent}{head:<{WIDTH - len(indent)}}{summary(package / '__init__.py')}"]
    inner = indent + "  "
    for path in sorted(package.glob("[!_]*.py")):
        lines.append(f"{inner}{path.name:<{WIDTH - len(inner)}}{summary(path)}")
    for path in sorted(package.glob("*/__init__.py")):
        lines += package_lines(path.parent, inner)
    return lines


def page_text() -> str:
    """Return the page with its tree as the code has it now."""
    text = PAGE.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN)], text[text.index(END) :]
    tree = "\n".join(package_lines(ROOT / "lawrec", ""))
    return f"{before}{BEGIN}\n```text\n{tree}\n```\n\n{after}"


if __name__ == "__main__":
    PAGE.write_text(page_text(), encoding="utf-8")
