"""Write a folder that installs without a network: wheels, weights, lessons. For thirty laptops and bad Wi-Fi.

python notebooks/bundle.py                           build/synthkit-offline, for this system and this Python
python notebooks/bundle.py windows mac linux --python 3.12
python notebooks/bundle.py --local                   the small model of llm="local" too: about 0.13 GB more a system

Each laptop needs that version of Python and nothing else: `python install.py` in the folder.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from packaging.markers import Marker

ROOT = Path(__file__).resolve().parent.parent
MANYLINUX = [f"manylinux{tag}_x86_64" for tag in ("2014", *(f"_2_{n}" for n in (17, 24, 26, 27, 28)))]
# what pip calls a system, and what the lock file's markers see there
SYSTEMS = {
    "linux": (MANYLINUX, {"sys_platform": "linux", "os_name": "posix", "platform_machine": "x86_64"}),
    "mac": (
        [f"macosx_{n}_0_{kind}" for n in (11, 12, 13, 14) for kind in ("arm64", "universal2")],
        {"sys_platform": "darwin", "os_name": "posix", "platform_machine": "arm64"},
    ),
    "windows": (["win_amd64"], {"sys_platform": "win32", "os_name": "nt", "platform_machine": "AMD64"}),
}
HERE = {"Linux": "linux", "Darwin": "mac", "Windows": "windows"}
KEPT = ["synthkit", "notebooks", "data", "README.md", "LICENSE", "pyproject.toml", "benchmarks/evidence.json"]
INSTALL = '''"""Install synthkit from this folder into .venv, without a network."""
import subprocess, sys, venv
from pathlib import Path

here = Path(__file__).resolve().parent
system = {"linux": "linux", "darwin": "mac", "win32": "windows"}.get(sys.platform, sys.platform)
wanted = here / f"wheels-{system}-{sys.version_info[0]}.{sys.version_info[1]}"
if not wanted.is_dir():
    known = ", ".join(sorted(p.name.removeprefix("wheels-") for p in here.glob("wheels-*")))
    sys.exit(f"error: this folder has packages for {known}, and this is {wanted.name.removeprefix('wheels-')}. "
             "Run it with another Python, or bundle for this one.")
venv.create(here / ".venv", with_pip=True)
python = here / ".venv" / ("Scripts/python.exe" if system == "windows" else "bin/python")
pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
print("installing, 1 to 3 minutes")
subprocess.run([*pip, "--find-links", str(wanted), "--find-links", str(here / "wheels-any"),
                "--require-hashes", "-r", str(wanted / "requirements.txt")], check=True)
paths = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
site = subprocess.run(paths, check=True, capture_output=True, text=True).stdout.strip()
Path(site, "synthkit.pth").write_text(str(here), encoding="utf-8")
subprocess.run([str(python), "-m", "synthkit", "doctor"], cwd=here)
print(f"\\nOpen the lessons: {python} {here / 'notebooks' / 'lab.py'}")
'''


def pinned(lock: str, python: str, seen: dict[str, str]) -> str:
    """Return the lines of a lock file that hold on a system, without their markers."""
    marks = {"python_version": python, "python_full_version": f"{python}.9", "implementation_name": "cpython"}
    kept = []
    for entry in _entries(lock):
        head, *hashes = entry.splitlines()
        name, _, marker = head.removesuffix(" \\").partition(" ; ")
        if not marker or Marker(marker).evaluate({**marks, **seen}):
            kept.append("\n".join([f"{name} \\", *hashes]))
    return "\n".join(kept) + "\n"


def _entries(lock: str) -> list[str]:
    """Return the packages of a lock file, each with its hashes."""
    entries: list[str] = []
    for line in lock.splitlines():
        if line.startswith(" "):
            entries[-1] += f"\n{line}"
        elif line and not line.startswith("#"):
            entries.append(line)
    return entries


def fetch(system: str, python: str, locks: list[str], out: Path) -> None:
    """Download the wheels of one system, as the lock files name them; those that fit all go to wheels-any/."""
    tags, seen = SYSTEMS[system]
    folder, anywhere = out / f"wheels-{system}-{python}", out / "wheels-any"
    folder.mkdir(parents=True)
    anywhere.mkdir(exist_ok=True)
    wanted = folder / "requirements.txt"
    lines = "".join(pinned((ROOT / lock).read_text(encoding="utf-8"), python, seen) for lock in locks)
    wanted.write_text(lines, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--implementation=cp", f"--python-version={python}.9", "--require-hashes"]
    command += [f"--platform={tag}" for tag in tags]
    command += ["-r", str(wanted), "-d", str(folder), "--find-links", str(anywhere)]
    print(f"{system}, Python {python}: fetching", flush=True)
    subprocess.run(command, check=True)
    for wheel in folder.glob("*-none-any.whl"):
        shutil.move(wheel, anywhere / wheel.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("systems", nargs="*", metavar="SYSTEM", help="default: this one")
    parser.add_argument("--python", nargs="+", default=["{}.{}".format(*sys.version_info)])
    parser.add_argument("--local", action="store_true", help="with the small model that runs on a laptop")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "synthkit-offline")
    given = parser.parse_args()
    if unknown := set(given.systems) - set(SYSTEMS):
        parser.error(f"unknown system {', '.join(unknown)}; known: {', '.join(SYSTEMS)}")
    shutil.rmtree(given.out, ignore_errors=True)
    for name in KEPT:
        source, target = ROOT / name, given.out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        skipped = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(source, target, ignore=skipped) if source.is_dir() else shutil.copyfile(source, target)
    (given.out / "install.py").write_text(INSTALL, encoding="utf-8")
    for system in given.systems or [HERE[platform.system()]]:
        for python in given.python:
            fetch(system, python, ["requirements.lock", *["requirements-local.lock"] * given.local], given.out)
    size = sum(p.stat().st_size for p in given.out.rglob("*") if p.is_file()) / 1e9
    print(f"{given.out}: {size:.1f} GB. On each laptop, in that folder: python install.py")


if __name__ == "__main__":
    main()
