"""Open the lessons in JupyterLab, as copies of your own: what you change or run there never touches the checkout.

python notebooks/lab.py            copy the lessons to my_lessons/ where they are not there yet, and open them
python notebooks/lab.py --copy     only copy them
python notebooks/lab.py --reset    put fresh copies there; what you changed is kept beside them, in my_lessons-1/
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from build import participant

HERE = Path(__file__).resolve().parent
MINE = HERE.parent / "my_lessons"


def copy_lessons() -> list[Path]:
    """Write a participant's copy of every lesson and page that is not in my_lessons/ yet; return those written."""
    MINE.mkdir(exist_ok=True)
    written = []
    for lesson in sorted([*HERE.glob("*.ipynb"), *HERE.glob("*.md")]):
        target = MINE / lesson.name
        if target.exists():
            continue
        if lesson.suffix == ".md":
            shutil.copyfile(lesson, target)
        else:
            nbformat.write(participant(nbformat.read(lesson, as_version=4)), target)
        written.append(target)
    return written


def reset() -> None:
    """Move my_lessons/ aside, if there is one, so that fresh copies take its place."""
    if MINE.exists():
        free = next(n for n in range(1, 1000) if not MINE.with_name(f"{MINE.name}-{n}").exists())
        print(f"your copies are kept in {MINE.rename(MINE.with_name(f'{MINE.name}-{free}')).name}/")


def main(arguments: list[str]) -> None:
    if "--reset" in arguments:
        reset()
    print(f"{len(copy_lessons())} lessons and pages copied to {MINE.name}/")
    if not arguments:
        # the root is the project, so that README, data cards and reports/ can be opened beside the lessons
        command = [sys.executable, "-m", "jupyterlab", "--ServerApp.root_dir", str(HERE.parent)]
        os.chdir(HERE.parent)
        raise SystemExit(subprocess.call([*command, str(MINE / "00_start_here.ipynb")]))


if __name__ == "__main__":
    main(sys.argv[1:])
