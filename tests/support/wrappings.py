"""How models wrap the texts that they were asked for: JSON of many shapes, damaged JSON, lists, talk around them."""

from __future__ import annotations

import json

QUOTE = '"'


def rows(texts):
    return [{"number": i, "text": t} for i, t in enumerate(texts, 1)]


def dumps(value, **how):
    return json.dumps(value, ensure_ascii=False, **how)


def _csv(texts, header="number,text\n", mark=","):
    return header + "\n".join(f'{i}{mark}"{t.replace(QUOTE, QUOTE * 2)}"' for i, t in enumerate(texts, 1))


# JSON as it should be, in boxes of many shapes
BOXES = {
    "as asked": lambda ts: {"texts": rows(ts)},
    "a bare array": rows,
    "an array of strings": lambda ts: {"texts": list(ts)},
    "a bare array of strings": list,
    "other key": lambda ts: {"messages": rows(ts)},
    "unknown key": lambda ts: {"remarks": rows(ts)},
    "keys with capitals": lambda ts: {"Texts": [{"Number": r["number"], "Text": r["text"]} for r in rows(ts)]},
    "content for text": lambda ts: {"texts": [{"id": r["number"], "content": r["text"]} for r in rows(ts)]},
    "German keys": lambda ts: {"texte": [{"nummer": r["number"], "inhalt": r["text"]} for r in rows(ts)]},
    "a box": lambda ts: {"output": {"texts": rows(ts)}},
    "two boxes": lambda ts: {"result": {"data": {"texts": rows(ts)}}},
    "an array around": lambda ts: [{"texts": rows(ts)}],
    "as a schema": lambda ts: {"type": "object", "properties": {"texts": rows(ts)}, "required": ["texts"]},
    "values in items": lambda ts: {"texts": {"items": rows(ts)}},
    "a tool's arguments": lambda ts: {"name": "texts", "arguments": {"texts": rows(ts)}},
    "a tool's arguments as a string": lambda ts: {"name": "texts", "arguments": dumps({"texts": rows(ts)})},
    "a function call": lambda ts: {"type": "function", "function": {"name": "f", "parameters": {"texts": rows(ts)}}},
    "by number": lambda ts: {str(r["number"]): r["text"] for r in rows(ts)},
    "by name": lambda ts: {f"text_{r['number']}": r["text"] for r in rows(ts)},
    "by number in a box": lambda ts: {"texts": {str(r["number"]): r["text"] for r in rows(ts)}},
    "objects by number": lambda ts: {str(r["number"]): {"text": r["text"]} for r in rows(ts)},
    "items by number": lambda ts: {"texts": [{str(r["number"]): r["text"]} for r in rows(ts)]},
    "numbers as strings": lambda ts: {"texts": [{"number": f"{r['number']}.", "text": r["text"]} for r in rows(ts)]},
    "numbers from 0": lambda ts: {"texts": [{"number": r["number"] - 1, "text": r["text"]} for r in rows(ts)]},
    "no numbers": lambda ts: {"texts": [{"text": t} for t in ts]},
    "pairs": lambda ts: {"texts": [[r["number"], r["text"]] for r in rows(ts)]},
    "reasoning beside": lambda ts: {"reasoning": "Five short ones.", "texts": rows(ts)},
    "notes beside": lambda ts: {"texts": rows(ts), "notes": ["vary the tone", "no names"]},
    "more in each": lambda ts: {"texts": [{**r, "label": "menu", "tone": "grumpy"} for r in rows(ts)]},
    "nulls beside": lambda ts: {"texts": [*rows(ts), {"number": 6, "text": None}, None]},
    "strings of objects": lambda ts: [dumps(r) for r in rows(ts)],
}

# from boxes to characters: all of it JSON
WRITTEN = {
    "JSON": dumps,
    "JSON on lines": lambda v: dumps(v, indent=2),
    "JSON in ASCII": json.dumps,
    "JSON in a JSON string": lambda v: json.dumps(dumps(v)),
}

# what strict JSON refuses
DAMAGED = {
    "Python's repr": lambda v: repr(v),
    "a comma too many": lambda v: dumps(v, indent=1).replace("\n ]", ",\n ]").replace("\n]", ",\n]"),
    "a comment": lambda v: "{ // five of them\n" + dumps(v)[1:] if isinstance(v, dict) else dumps(v),
    "a block comment": lambda v: "/* as asked */ " + dumps(v),
    "the last bracket missing": lambda v: dumps(v)[:-1],
}

# whole replies that are no one JSON value
LISTS = {
    "one object a line": lambda ts: "\n".join(dumps(r) for r in rows(ts)),
    "one object a line, no numbers": lambda ts: "\n".join(dumps({"text": t}) for t in ts),
    "one box a line": lambda ts: "\n".join(dumps({"texts": [r]}) for r in rows(ts)),
    "said twice": lambda ts: "\n\n".join([dumps({"texts": rows(ts)})] * 2),
    "tags": lambda ts: "<texts>" + "".join(f"<text>{t}</text>" for t in ts) + "</texts>",
    "tags with numbers": lambda ts: "\n".join(f'<message id="{r["number"]}">{r["text"]}</message>' for r in rows(ts)),
    "tags in tags": lambda ts: "".join(
        f"<item><number>{r['number']}</number><text>{r['text']}</text></item>" for r in rows(ts)
    ),
    "numbered": lambda ts: "\n".join(f"{r['number']}. {r['text']}" for r in rows(ts)),
    "numbered, apart": lambda ts: "\n\n".join(f"{r['number']}) {r['text']}" for r in rows(ts)),
    "numbered, bold": lambda ts: "\n\n".join(f"**{r['number']}.** {r['text']}" for r in rows(ts)),
    "headings": lambda ts: "\n\n".join(f"### Text {r['number']}:\n{r['text']}" for r in rows(ts)),
    "bold headings": lambda ts: "\n\n".join(f"**Message {r['number']}:**\n{r['text']}" for r in rows(ts)),
    "bold headings in another language": lambda ts: "\n\n".join(
        f"**Nachricht {r['number']}:** {r['text']}" for r in rows(ts)
    ),
    "the French way": lambda ts: "\n\n".join(f"Avis n° {r['number']} : {r['text']}" for r in rows(ts)),
    "the Chinese way": lambda ts: "\n".join(f"{r['number']}、{r['text']}" for r in rows(ts)),
    "list items": lambda ts: "<ol>\n" + "\n".join(f"<li>{t}</li>" for t in ts) + "\n</ol>",
    "tags by number": lambda ts: "\n".join(f"<text_{r['number']}>{r['text']}</text_{r['number']}>" for r in rows(ts)),
    "named lines": lambda ts: "\n".join(f"Text {r['number']}: {r['text']}" for r in rows(ts)),
    "dashes": lambda ts: "\n".join(f"- {t}" for t in ts),
    "stars": lambda ts: "\n".join(f"* {t}" for t in ts),
    "quoted lines": lambda ts: "\n".join(dumps(t) for t in ts),
    "YAML": lambda ts: "texts:\n" + "\n".join(f"- number: {r['number']}\n  text: {r['text']}" for r in rows(ts)),
    "YAML, quoted": lambda ts: "texts:\n" + "\n".join(f"  - text: {dumps(t)}" for t in ts),
    "YAML, blocks": lambda ts: "\n".join(f"- number: {r['number']}\n  text: |-\n    {r['text']}" for r in rows(ts)),
    "CSV": _csv,
    "CSV in another language": lambda ts: _csv(ts, "Nummer;Nachricht\n", ";"),
    "tabs and no header": lambda ts: _csv(ts, "", "\t"),
    "a table in another language": lambda ts: (
        "| N° | Avis |\n|:-:|-----|\n" + "\n".join(f"| {r['number']} | {r['text']} |" for r in rows(ts))
    ),
    "a table without edges": lambda ts: (
        "Nr. | Nachricht | Etikett\n---|---|---\n" + "\n".join(f"{r['number']} | {r['text']} | Essen" for r in rows(ts))
    ),
    "a table of one column": lambda ts: "| Ejemplo |\n|---|\n" + "\n".join(f"| {t} |" for t in ts),
    "bare lines": "\n".join,
    "bare paragraphs": "\n\n".join,
    "a table": lambda ts: "| # | text |\n|---|---|\n" + "\n".join(f"| {r['number']} | {r['text']} |" for r in rows(ts)),
}

# what stands around either
AROUND = {
    "nothing": lambda s: s,
    "talk before": lambda s: f"Sure! Here are the texts (label: menu):\n\n{s}",
    "talk after": lambda s: f"{s}\n\nLet me know if you want more of them!",
    "a fence": lambda s: f"```json\n{s}\n```",
    "a fence of no language": lambda s: f"```\n{s}\n```",
    "talk and a fence": lambda s: f"Here you are:\n\n```json5\n{s}\n```\n\nNote: all of them are invented.",
    "thinking": lambda s: f"<think>\nFive texts, {{1..5}}, numbered [1].\n</think>\n\n{s}",
    "thinking without a beginning": lambda s: f"They want [5] texts.\n</think>\n{s}",
    "thinking with a draft": lambda s: f'<think>{{"texts": [{{"number": 1, "text": "a draft"}}]}} no.</think>{s}',
    "reasoning": lambda s: f"<reasoning>short, rude, kind</reasoning>{s}",
    "mistral's thinking": lambda s: f"[THINK]first, second[/THINK]{s}",
    "channels": lambda s: f"<|channel|>analysis<|message|>Write.<|end|><|channel|>final<|message|>{s}<|return|>",
    "a thought channel": lambda s: f"<|channel>thought\na plan<channel|>{s}",
    "an end token": lambda s: f"{s}<|im_end|>",
    "two end tokens": lambda s: f"{s}</s>\n<|endoftext|>",
    "a tool call": lambda s: f"<tool_call>\n{s}\n</tool_call>",
    "a byte order mark": lambda s: f"\ufeff{s}",
    "the word json": lambda s: f"json\n{s}",
    "blank lines": lambda s: f"\n\n{s}" + "\n" * 300,
}
