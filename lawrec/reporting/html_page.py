"""Page: what every HTML page of lawrec has in common: one file that needs no network."""

from html import escape

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2433; --soft: #667085; --paper: #f6f7f9;
  --card: #fff; --line: #e3e6ec; --bar: #3b6fb6; --bad: #b3261e; --fair: #9a6700; --good: #1a7f4b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #98a2b3; --paper: #14171d;
  --card: #1c2129; --line: #303743; --bar: #6ea3e8; --bad: #f2867e; --fair: #e0b251;
  --good: #5fd39a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5; font-family:
  system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
main { max-width: 1060px; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1 { margin: 0; font-size: 1.7rem; } h2 { margin: 2.4rem 0 .8rem; font-size: 1.15rem; }
h3 { margin: 0; font-size: .95rem; color: var(--soft); font-weight: 600; }
.path { margin: .2rem 0 1.2rem; color: var(--soft); overflow-wrap: anywhere; }
.verdict { padding: .8rem 1.1rem; border-radius: 10px; background: var(--card);
  border: 1px solid var(--line); border-left: 5px solid var(--tone); font-weight: 600; }
.bad { --tone: var(--bad); } .fair { --tone: var(--fair); } .good { --tone: var(--good); }
.error { --tone: var(--bad); } .warning { --tone: var(--fair); }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(230px, 1fr)); }
.card, details, .chart { background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; padding: 1rem 1.1rem; }
.big { display: inline-block; margin: .1rem .4rem 0 0; font-size: 2rem; font-weight: 700; }
.unit { display: inline; color: var(--soft); }
.card ul { margin: .4rem 0 0; padding: 0; list-style: none; color: var(--soft);
  font-size: .88rem; }
details { margin-bottom: .6rem; padding: 0; } details[open] summary {
  border-bottom: 1px solid var(--line); }
summary { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: center;
  padding: .7rem 1.1rem; cursor: pointer; }
.pill { padding: .05rem .55rem; border: 1px solid var(--tone); border-radius: 99px;
  color: var(--tone); font-size: .78rem; }
.meaning { flex: 1 1 20rem; color: var(--soft); }
.count { font-size: 1.1rem; font-weight: 700; font-variant-numeric: tabular-nums; }
.todo { margin: .8rem 1.1rem .4rem; }
table { width: 100%; border-collapse: collapse; font-size: .88rem; }
td, th { padding: .35rem 1.1rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
tr + tr td { border-top: 1px solid var(--line); }
.note { color: var(--soft); font-size: .88rem; margin: .6rem 0 0; }
"""


def page_html(title: str, style: str, *, body: str) -> str:
    """Return a page that is light or dark as the reader's system is.

    Args:
        title: Of the window.
        style: Rules that are this page's own.
        body: Its content, as HTML.
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
