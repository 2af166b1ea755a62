"""An HTML page that stands alone: no script, no network, prints well."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CSS = """
:root { color-scheme: light }
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
.verdict { font-size: 1.1rem; border-left: 4px solid #0173B2; padding: .2rem 1rem }
.note { background: #fff4e5; border-left: 4px solid #D55E00; padding: .4rem 1rem }
img { max-width: 100%; height: auto } table { margin: .5rem 0 } td { overflow-wrap: break-word }
caption { color: #555 } footer { margin-top: 3rem; color: #666; font-size: .85rem }
@media (max-width: 48rem) { table { display: block; overflow-x: auto } }
summary { cursor: pointer; color: #0173B2; margin: .4rem 0 }
@media print { body { margin: 0; font-size: 11px } h2, figure { break-inside: avoid }
  details::details-content { content-visibility: visible; block-size: auto } }
"""


def document(title: str, parts: Iterable[str]) -> str:
    """Return a whole page of ready, escaped pieces of HTML; empty ones are left out."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_CSS}</style></head>\n'
        f"<body><main>\n{chr(10).join(p for p in parts if p)}\n</main></body></html>\n"
    )


def image(figure: Figure, alt: str) -> str:
    """Return a figure as an HTML figure that holds its picture (PNG) and its alternative text."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130, metadata={"Software": None})
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<figure style="margin:1rem 0"><img alt="{html.escape(alt)}" src="data:image/png;base64,{data}"></figure>'
