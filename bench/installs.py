"""Install kb as strangers do, and let it answer: `make installs`.

    python bench/installs.py [resolve] [pip] [uv] [other] [download]

    download  how much the default install downloads
    resolve   does constraints.txt have a solution, of wheels alone, for each platform and Python that README names?
    pip       the wheel by pip in a venv under umask 002, as an ordinary user where this is run by root
    uv        the wheel by `uv tool install`, files hard-linked from uv's cache
    other     the wheel by uv on another Python than this one: PATH's, pyenv's or uv's own; skipped by name without one

Each install runs `kb demo` at once, in a home of its own, and checks the cited answer. Plain PyPI: no setting of pip
or uv on this machine is read, no cache is shared. Prints a table; ends with 1 if anything failed.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import uv

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from bench.tools import Row, table

UV = uv.find_uv_bin()
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = {
    "Linux x86_64": "x86_64-manylinux_2_28",
    "Linux aarch64": "aarch64-manylinux_2_28",
    "macOS arm64": "aarch64-apple-darwin",
    "macOS x86_64": "x86_64-apple-darwin",
    "Windows x86_64": "x86_64-pc-windows-msvc",
}
# ONNX Runtime's last release for Intel Macs has no wheel for it.
UNSUPPORTED = {("macOS x86_64", "3.14")}
STATEMENTS = 5  # of the demo's answer
USER = "kb-install-trial"


class Failed(Exception):
    """A trial that did not go as it should."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One install: how, on which Python, how long it took, its size on disk, the first answer."""

    way: str
    python: str
    seconds: float
    mb: float
    demo_seconds: float
    supported: int


def environment(home: Path) -> dict[str, str]:
    """A new user's: nothing that this machine sets for pip, uv, Python or kb."""
    drop = ("PIP_", "UV_", "KB_", "PYTHON", "VIRTUAL_ENV", "XDG_", "PYENV_VERSION")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(drop)}
    # An empty file of settings is read in place of the machine's.
    empty = {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    certificates = {key: os.environ[key] for key in ("PIP_CERT", "SSL_CERT_FILE") if key in os.environ}
    return {**kept, **empty, **certificates, "HOME": str(home), "UV_CACHE_DIR": str(home / "uv-cache")}


def run(command: Iterable[str | Path], home: Path, user: str | None = None, umask: int = -1) -> str:
    """Run a command as a user. Raises `Failed` with the end of what it printed."""
    command = [str(part) for part in command]
    account = pwd.getpwnam(user) if user else None
    own = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", env=environment(home), cwd=home, umask=umask, **own
    )
    if done.returncode:
        raise Failed(f"{' '.join(command[:4])} …: {(done.stderr or done.stdout).strip()[-800:]}")
    return done.stdout


def resolvable(platform: str, python: str) -> str:
    """Why there is no solution of wheels alone; empty if there is."""
    command = [UV, "pip", "compile", "--quiet", "--no-config", "--python-version", python]
    command += ["--python-platform", PLATFORMS[platform], "-c", "constraints.txt", "--only-binary", ":all:"]
    bare = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    done = subprocess.run(
        [*command, "pyproject.toml"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        env={**bare, "MACOSX_DEPLOYMENT_TARGET": "14.0"},  # the oldest macOS that ONNX Runtime has wheels for
    )
    return "" if done.returncode == 0 else " ".join(done.stderr.split())[:300]


def resolve(failed: list[str]) -> str:
    """The table of resolutions; what failed is added to the list."""
    pairs = [(platform, python) for platform in PLATFORMS for python in PYTHONS]
    with ThreadPoolExecutor(8) as pool:  # each waits for the registry, not for this machine
        reasons = dict(zip(pairs, pool.map(lambda pair: resolvable(*pair), pairs), strict=True))
    failed += [f"{pair}: {why}" for pair, why in reasons.items() if why and pair not in UNSUPPORTED]
    rows = [(platform, *("no" if reasons[platform, p] else "ok" for p in PYTHONS)) for platform in PLATFORMS]
    return table(("", *PYTHONS), rows)


def wheel(folder: Path) -> Path:
    """This checkout as a wheel."""
    subprocess.run([UV, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT], check=True)
    return next(folder.glob("*.whl"))


def size(*folders: Path) -> float:
    """MB of 1,000,000 bytes of all files below, each counted once however often it is linked."""
    seen = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                stat = path.stat()
                seen[stat.st_ino] = stat.st_size
    return sum(seen.values()) / 1e6


def answered(kb: Path, home: Path, user: str | None = None, umask: int = -1) -> tuple[float, int]:
    """Seconds of the first `kb demo`, and how many of its statements are supported by what they cite."""
    began = time.monotonic()
    shown = json.loads(run([kb, "demo", "--json"], home, user, umask))
    seconds = time.monotonic() - began
    good = sum(claim["supported"] and bool(claim["citations"]) for claim in shown["ask"]["claims"])
    if shown["ingest"]["failed"] or good != STATEMENTS:
        raise Failed(f"kb demo: {good} of {STATEMENTS} statements supported; failed: {shown['ingest']['failed']}")
    return seconds, good


def ordinary_user() -> str | None:
    """An account without rights, made if this is run by root; None: the user who runs this."""
    if os.getuid() != 0:
        return None
    try:
        pwd.getpwnam(USER)
    except KeyError:
        subprocess.run(["useradd", "--no-create-home", USER], check=True)
    return USER


def by_pip(folder: Path, built: Path) -> Trial:
    """pip in a venv under umask 002."""
    user = ordinary_user()
    python = "/usr/bin/python3" if user else sys.executable
    home = folder / "pip home"
    home.mkdir()
    for name in (built, ROOT / "constraints.txt"):
        shutil.copy(name, home)
    if user:
        for path in (home, *home.iterdir()):
            shutil.chown(path, user, user)
    began = time.monotonic()
    run([python, "-m", "venv", home / "venv"], home, user, 0o002)
    install = [home / "venv/bin/python", "-m", "pip", "install", "--quiet", "--no-compile", "--no-cache-dir"]
    run([*install, "-c", home / "constraints.txt", home / built.name], home, user, 0o002)
    seconds = time.monotonic() - began
    mb = size(home / "venv")
    demo, good = answered(home / "venv/bin/kb", home, user, 0o002)
    way = f"pip, umask 002{', an ordinary user' if user else ''}"
    version = run([python, "--version"], home).split()[1]
    return Trial(way, version, seconds, mb, demo, good)


def by_uv(folder: Path, built: Path) -> Trial:
    """`uv tool install`, hard links from its cache."""
    home = folder / "uv home"
    home.mkdir()
    began = time.monotonic()
    command = [UV, "tool", "install", "--quiet", "--link-mode", "hardlink", "--python", sys.executable]
    run([*command, "-c", ROOT / "constraints.txt", built], home)
    seconds = time.monotonic() - began
    mb = size(home / ".local/share/uv/tools")
    demo, good = answered(home / ".local/bin/kb", home)
    return Trial("uv tool install, hard links", sys.version.split()[0], seconds, mb, demo, good)


def other_python() -> Path | None:
    """A CPython of another version that kb supports and that is on this machine."""
    places = [Path(found) for v in ("3.13", "3.12", "3.14") if (found := shutil.which(f"python{v}"))]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    places += sorted((path / "bin/python" for path in pyenv.glob("3.1[2-4]*")), reverse=True)
    for path in places:
        code = "import sys; print(sys.version_info[:2])"
        done = subprocess.run([path, "-c", code], capture_output=True, encoding="utf-8")
        if done.returncode == 0 and done.stdout.strip() != str(sys.version_info[:2]):
            return path
    found = subprocess.run([UV, "python", "install", "--quiet", "3.13"], capture_output=True)
    if found.returncode:
        return None
    return Path(subprocess.check_output([UV, "python", "find", "3.13"], encoding="utf-8").strip())


def by_other(folder: Path, built: Path) -> Trial | None:
    """uv on another Python."""
    python = other_python()
    if python is None:
        return None
    home = folder / "other home"
    home.mkdir()
    began = time.monotonic()
    run([UV, "venv", "--quiet", "--python", python, home / "venv"], home)
    command = [UV, "pip", "install", "--quiet", "--python", home / "venv/bin/python"]
    run([*command, "-c", ROOT / "constraints.txt", built], home)
    seconds = time.monotonic() - began
    mb = size(home / "venv")
    demo, good = answered(home / "venv/bin/kb", home)
    version = run([home / "venv/bin/python", "--version"], home).split()[1]
    return Trial("uv pip install", version, seconds, mb, demo, good)


WAYS: dict[str, Callable[[Path, Path], Trial | None]] = {"pip": by_pip, "uv": by_uv, "other": by_other}


def download() -> str:
    """How much the default install fetches, kb itself aside."""
    with tempfile.TemporaryDirectory(prefix="kb-download-") as place:
        folder = Path(place)
        own = wheel(folder)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-cache-dir", "--dest", folder]
        run([*command, "-c", ROOT / "constraints.txt", own], folder)
        sizes = [path.stat().st_size for path in folder.iterdir() if path.suffix in (".whl", ".gz") and path != own]
        return f"The default install downloads {sum(sizes) / 1e6:,.0f} MB in {len(sizes)} packages.\n"


def tried(names: Iterable[str], failed: list[str]) -> str:
    """Install in each way; the table. What failed is added to the list."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="kb-installs-") as place:
        folder = Path(place)
        folder.chmod(0o755)
        built = wheel(folder)
        for name in names:
            try:
                trial = WAYS[name](folder, built)
            except Failed as error:
                failed.append(f"{name}: {error}")
                continue
            if trial is None:
                rows.append((name, "skipped: no other Python is on this machine", "", "", "", ""))
                continue
            took = (f"{trial.seconds:.0f} s", f"{trial.mb:,.0f} MB", f"{trial.demo_seconds:.1f} s")
            rows.append((trial.way, trial.python, *took, f"{trial.supported} of {STATEMENTS}"))
    if os.getuid() == 0:
        subprocess.run(["userdel", USER], stderr=subprocess.DEVNULL)
    return table(("way", "Python", "installed in", "on disk", "first `kb demo`", "statements supported"), rows)


def measured(names: Iterable[str], failed: list[str]) -> str:
    """What was asked for, as Markdown."""
    parts = []
    if "resolve" in names:
        parts.append(resolve(failed))
    if ways := [name for name in names if name in WAYS]:
        parts.append(tried(ways, failed))
    if "download" in names:
        parts.append(download())
    return "\n".join(parts)


def section(_: Path) -> str:
    """The part of docs/benchmarks.md."""
    failed: list[str] = []
    text = measured(["resolve", *WAYS, "download"], failed)
    if failed:
        sys.exit("\n".join(failed))
    return (
        "## Installing\n\n`python bench/run.py installs`: constraints.txt resolved with wheels alone, by platform and "
        "Python; then the wheel, installed from plain PyPI with no cache, and the first answer.\n\n" + text
    )


def main() -> None:
    failed: list[str] = []
    print(measured(sys.argv[1:] or ["resolve", *WAYS], failed))
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()
