"""What annotation tools export: answers inside lists and objects, answers nobody gave, several annotators."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Sequence

from synthkit.core.errors import SynthkitError
from synthkit.tasks.table import Table, as_text, is_missing

ACCEPTED = {"accept", "submitted", "completed", "validated"}
REFUSED = {"reject", "ignore", "draft", "discarded", "pending", "default", "skipped"}
_PRODIGY = {"accept", "reject", "ignore"}
_DRAFTS = {"draft", "discarded", "submitted", "validated"}  # a shop's orders are pending and completed, too
_ANNOTATORS = ("annotator", "annotator_id", "annotation_id", "worker_id", "completed_by", "_annotator_id", "user_id")
_SPANS = {"start", "end", "start_offset", "end_offset"}
_TAG = re.compile(r"O|[BIESLU][-_]\S+")
_WHOLE = "Rows here have one label for the whole text"
OF_WORDS = (
    "words with tags, as B-PER and O. Rows here have one label for the whole text: join the words of a sentence, give "
    'it a label, and load_rows(pd.DataFrame({"text": ..., "label": ...}))'
)
_NO_SPANS = f"{_WHOLE}, not for parts of it: export document labels, or name another column"


class NotOneLabel(Exception):
    """A label cell from which no single label can be read; `fatal`: the whole column is of another kind."""

    def __init__(self, what: str, fix: str, *, fatal: bool = False):
        super().__init__(what)
        self.what, self.fix, self.fatal = what, fix, fatal


def flattened(record: dict) -> list[dict]:
    """Return nested records flat: of Label Studio's JSON one an annotation, of Argilla's one; others as they are."""
    if isinstance(record.get("fields"), dict) and isinstance(record.get("responses"), dict):
        answers = {f"{question}.responses": given for question, given in record["responses"].items()}
        return [{"id": record.get("id"), "status": record.get("status"), **record["fields"], **answers}]
    data, answers = record.get("data"), record.get("annotations", record.get("completions"))
    if not isinstance(data, dict) or not isinstance(answers, list):
        return [record]
    out = []
    for answer in [a for a in answers if isinstance(a, dict)] or [{}]:
        given = defaultdict(list)
        for result in answer.get("result") or []:
            given[str(result.get("from_name", "label"))].append(result.get("value"))
        given = {"label": next(iter(given.values()), [])} if len(given) < 2 else dict(given)
        state = {"annotator": answer.get("completed_by"), "was_cancelled": answer.get("was_cancelled", False)}
        out.append({**data, **given, **state, "id": record.get("id")})
    return out


def honour_status(table: Table, label: str) -> None:
    """Leave out the rows whose status says that nobody answered, or that the answer was no."""
    reasons: dict[int, tuple[str, str]] = {}
    from_tool = any(name.endswith((".responses", ".suggestion", "-suggestion")) for name in table.columns)
    for column, values in table.columns.items():
        if column == label:
            continue
        plain = column.casefold()
        stated = [as_text(v).strip().casefold() for v in values]
        kinds = set(stated) - {""}
        if plain in ("was_cancelled", "cancelled"):
            reasons |= {i: (f"{column}: {s}", "Nobody answered") for i, s in enumerate(stated) if s in ("true", "1")}
        known = (plain == "answer" and kinds <= _PRODIGY) or (
            plain == "status" and kinds <= ACCEPTED | REFUSED and (kinds & _DRAFTS or from_tool)
        )
        if known and kinds:
            fix = "It is no answer. Review it in the annotation tool, or remove the column to keep the row"
            reasons |= {i: (f"{column}: {s}", fix) for i, s in enumerate(stated) if s in REFUSED}
    table.leave_out(dict(sorted(reasons.items())), column="label")


def unwrap(table: Table, label: str) -> None:
    """Put one label in the place of each list or object; rows from which none can be read are left out and listed."""
    cells = table.columns[label]
    statuses = table.columns.get(f"{label}.status")
    reasons, out, unwrapped = {}, [], 0
    for i, cell in enumerate(cells):
        cell = _parsed(cell) if isinstance(cell, str) else cell
        if not isinstance(cell, (list, tuple, dict, set)) and not hasattr(cell, "tolist"):
            out.append(cell)
            continue
        cell = cell.tolist() if hasattr(cell, "tolist") else cell
        try:
            if statuses and isinstance(cell, (list, tuple)):
                cell = _submitted(cell, statuses[i])
            out.append(_one(cell))
            unwrapped += out[-1] is not None
        except NotOneLabel as problem:
            if problem.fatal:
                row = f"{table.name}, row {table.numbers[i]}"
                raise SynthkitError(f"{row}: {label} holds {problem.what}. {problem.fix}") from None
            out.append(None)
            reasons[i] = (problem.what, problem.fix)
    table.columns[label] = out
    if unwrapped:
        table.note(f"label taken out of its list or object in {unwrapped:,} rows", cells[0], "nothing", column=label)
    table.leave_out(reasons, column="label")


def _parsed(cell: str) -> object:
    """Return the list or object that a cell of a CSV holds as JSON or as Python prints it, else the cell."""
    text = cell.strip()
    if text[:1] in "[{" and text[-1:] in "]}" and len(text) > 1:
        for parse in (json.loads, ast.literal_eval):
            try:
                value = parse(text)
            except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
                continue
            if isinstance(value, (list, dict)):
                return value
    return cell


def _submitted(answers: Sequence, statuses: object) -> list:
    """Return the answers whose status, one a respondent, is not that of a draft."""
    statuses = statuses if isinstance(statuses, (list, tuple)) else [statuses] * len(answers)
    pairs = zip(answers, statuses, strict=False)
    return [answer for answer, status in pairs if as_text(status).casefold() not in REFUSED]


def _one(value: object):
    """Return the single label inside of a value, None where there is none; raise NotOneLabel where there are more."""
    if isinstance(value, dict):
        return _of_object(value)
    if not isinstance(value, (list, tuple, set)):
        return None if is_missing(value) else value
    some = list(value)
    if any(_is_span(v) for v in some):
        raise NotOneLabel("spans", _NO_SPANS, fatal=True)
    if len(some) > 1 and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in some):
        raise NotOneLabel(
            "numbers, as scores or a row of zeros and ones", f"{_WHOLE}: make it the name of one class", fatal=True
        )
    found = [v for v in map(_one, some) if v is not None]
    if len({as_text(v) for v in found}) > 1:
        what = f"{len(found)} labels: {', '.join(map(as_text, found))}"
        raise NotOneLabel(what, f"{_WHOLE}: decide on one, or make a task of each label (has it, has it not)")
    return found[0] if found else None


def _is_span(value: object) -> bool:
    if isinstance(value, dict):
        return bool(_SPANS & set(value))
    return isinstance(value, (list, tuple)) and len(value) == 3 and [type(v) for v in value] == [int, int, str]


def _of_object(value: dict):
    if _is_span(value):
        raise NotOneLabel("a span", _NO_SPANS, fatal=True)
    if as_text(value.get("status")).casefold() in REFUSED:
        return None
    for key in ("choices", "value", "values", "label", "labels", "name", "rating", "taxonomy", "responses"):
        if key in value:
            if "score" in value or "confidence" in value:
                raise NotOneLabel(
                    "a prediction with its score", "It is no answer: name the column of answers", fatal=True
                )
            inner = value[key]
            path = key == "taxonomy" and isinstance(inner, list) and len(inner) == 1 and isinstance(inner[0], list)
            return " / ".join(map(as_text, inner[0])) if path else _one(inner)
    numbers = [v for v in value.values() if isinstance(v, (int, float))]
    if value and len(numbers) == len(value):
        if all(v in (0, 1) for v in numbers):  # {"good": 1, "bad": 0}
            return _one([name for name, v in value.items() if v])
        raise NotOneLabel("scores", f"{_WHOLE}: take the highest where it is sure, or name another column", fatal=True)
    if not value:
        return None
    keys = ", ".join(map(str, list(value)[:5]))
    raise NotOneLabel(f"an object with {keys}", "Name a column that holds one label as text, with label=")


def are_tags(labels: Sequence) -> bool:
    """Return whether labels are tags of words, as B-PER, I-PER and O."""
    found = {as_text(label).strip() for label in labels} - {""}
    begun = {tag[0] for tag in found}
    return len(found) > 1 and ("O" in found or {"B", "I"} <= begun) and all(map(_TAG.fullmatch, found))


def refuse_tags(table: Table, label: str) -> None:
    """Raise where the labels are tags of words."""
    if are_tags(table.columns[label]):
        raise SynthkitError(f"{table.name}: {label} holds {OF_WORDS}")


def refuse_nested_texts(table: Table, text: str) -> None:
    """Raise where texts are lists of words, or objects such as turns of a conversation."""
    for cell, number in zip(table.columns[text], table.numbers, strict=True):
        if isinstance(cell, (list, tuple, dict, set)) or hasattr(cell, "tolist") and getattr(cell, "shape", ()):
            what = "an object" if isinstance(cell, dict) else "a list (of tokens?)"
            example = "" if table.sensitive else f": {as_text(cell)[:60]}"
            fix = "take the text out of it, pd.json_normalize(records)" if "object" in what else "join it into one text"
            raise SynthkitError(
                f"{table.name}, row {number}: {text} holds {what}{example}. Rows here are whole texts: "
                f"{fix}, or name another column with text="
            )


def join_annotators(table: Table, text: str, label: str) -> None:
    """Make one row of a text that several annotators labelled alike; leave it out where they disagree."""
    who = next((c for c in table.columns if c.casefold() in _ANNOTATORS), None)
    if who is None:
        return
    groups = defaultdict(list)
    for i, cell in enumerate(table.columns[text]):
        groups[as_text(cell).strip()].append(i)
    reasons = {}
    for where in groups.values():
        answers_given = [as_text(table.columns[label][i]).strip() for i in where]
        distinct = {a.casefold() for a in answers_given if a}
        people = {as_text(table.columns[who][i]) for i in where}
        if len(where) < 2 or len(people) < 2:
            continue
        if len(distinct) > 1:
            what, fix = f"annotators disagree: {', '.join(answers_given)}", "Decide on one label"
            reasons |= dict.fromkeys(where, (what, fix))
        else:
            first = next((i for i, a in zip(where, answers_given, strict=True) if a), where[0])
            fix = "Annotators agree: the first answer stands for all"
            reasons |= {i: (f"annotated {len(where)} times", fix) for i in where if i != first}
    table.leave_out(dict(sorted(reasons.items())), column="label")
