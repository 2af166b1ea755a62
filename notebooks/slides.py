"""Write a deck of the lessons: reports/slides.html, one file that needs no network. A slide a section, arrows turn.

python notebooks/slides.py           all lessons
python notebooks/slides.py 00 02 05  these
"""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path

import nbformat
from nbconvert.filters import markdown2html

HERE = Path(__file__).resolve().parent
STYLE = """
body{margin:0;font:min(2.1vw,3.4vh)/1.4 system-ui,sans-serif;color:#222;background:#fff}
section{box-sizing:border-box;height:100vh;padding:5vh 6vw;overflow:auto;display:none}
section:target,body:not(:has(:target)) section:first-of-type{display:block}
h1,h2{font-size:1.5em;line-height:1.2;margin:0 0 .6em;color:#0173B2}
img{max-width:100%;max-height:58vh}
pre{white-space:pre-wrap;font-size:.7em}
table{font-size:.72em;border-collapse:collapse}
td,th{padding:.15em .6em;text-align:left}
p,li{max-width:60em} code{background:#f3f3f3} footer{font-size:.6em;color:#666}
a{color:inherit;text-decoration:none;pointer-events:none} .anchor-link{display:none}
@media print{section{display:block;page-break-after:always}}
"""
TURN = """
const slides=[...document.querySelectorAll('section')];
addEventListener('keydown',e=>{const by={ArrowRight:1,PageDown:1,' ':1,ArrowLeft:-1,PageUp:-1}[e.key];if(!by)return;
const at=Math.max(0,slides.findIndex(s=>'#'+s.id===location.hash));e.preventDefault();
location.hash=slides[Math.min(slides.length-1,Math.max(0,at+by))].id});
"""


def slides(lesson: Path) -> list[str]:
    """Return the slides of a lesson: its title, then for each section its first words, its last output, its Notice."""
    sections: list[dict] = []
    for cell in nbformat.read(lesson, as_version=4).cells:
        if cell.cell_type == "markdown":
            for part in re.split(r"(?m)^(?=##? )", cell.source):
                if part.startswith(("# ", "## ")):
                    title, _, rest = part.partition("\n")
                    sections.append({"title": title, "words": rest, "notice": "", "output": ""})
                elif sections and "**Notice**" in part:
                    sections[-1]["notice"] = part[part.index("**Notice**") :].split("\n\n")[0]
        elif sections and cell.outputs:
            for output in cell.outputs:
                sections[-1]["output"] = shown(output, sections[-1]["output"])
    return [slide(**section) for section in sections if not section["title"].startswith("## Exercises")]


def shown(output: nbformat.NotebookNode, before: str) -> str:
    """Return the HTML of an output; a picture that came before is kept in place of a table."""
    if output.output_type == "stream":
        return before or f"<pre>{html.escape(output.text)}</pre>"
    if "image/png" in output.data:
        alt = html.escape(output.metadata.get("image/png", {}).get("alt", ""), quote=True)
        return f'<img alt="{alt}" src="data:image/png;base64,{output.data["image/png"].strip()}">'
    return before if before.startswith("<img") else output.data.get("text/html", before)


def slide(title: str, words: str, notice: str, output: str) -> str:
    whole = title.startswith("# ") or "<details>" in words or words.lstrip().startswith(("- ", "|"))
    words = re.sub(r"(?m)^\[.*\.ipynb\).*$", "", words) if whole else words.strip().split("\n\n")[0]
    return "\n".join([markdown2html(f"{title}\n\n{words}"), output, markdown2html(notice) if notice else ""])


def main(chosen: list[str]) -> None:
    lessons = [p for p in sorted(HERE.glob("*.ipynb")) if not chosen or p.name.startswith(tuple(chosen))]
    pages = [page for lesson in lessons for page in slides(lesson)]
    numbered = "\n".join(
        f'<section id="{i}">{page}<footer>{i} of {len(pages)}</footer></section>' for i, page in enumerate(pages, 1)
    )
    target = HERE.parent / "reports" / "slides.html"
    target.parent.mkdir(exist_ok=True)
    head = f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>synthkit</title><style>{STYLE}</style>'
    target.write_text(f"{head}<body>{numbered}<script>{TURN}</script></body></html>", encoding="utf-8")
    print(f"{target}: {len(pages)} slides of {len(lessons)} lessons; open it in a browser, arrows turn")


if __name__ == "__main__":
    main(sys.argv[1:])
