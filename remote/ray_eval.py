"""Spreads `jepa-mpc eval` over a Ray cluster.

    python remote/ray_eval.py --address ADDRESS --out runs/suite -- --suite --seeds held-out --episodes 200 --table runs/suite/table.md

What stands behind `--` is handed to `jepa-mpc eval`. Each task of Ray runs some seeds of one cell by the command line, in a folder of its own on its node; the folders are kept in
`parts/` of --out, and when all are there `jepa-mpc eval --merge` makes one result of them. The same command goes on where it was. See docs/remote.md.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
# What a part may consist of: nothing that comes from another machine is written anywhere else.
PART_FILES = re.compile(r"settings\.json|[\w.-]+\.jsonl|failures/[\w.-]+\.png")
# Options that say which cells and seeds, or what is done with all of them in the end; the others are those of every episode.
OF_THE_WHOLE = {"--task": 1, "--object": 1, "--env": 1, "--policy": 1, "--suite": 0, "--episodes": 1, "--oracle-episodes": 1, "--seeds": 1, "--seed": 1, "--workers": 1, "--json": 1,
                "--png": 1, "--table": 1, "--update-docs": 0}
OURS = ("--out", "--merge", "--list")


class Failed(Exception):
    """One line for whoever started this."""


@dataclass(frozen=True)
class Part:
    """`episodes` of one cell from the seed `first` on."""

    cell: dict
    first: int
    episodes: int

    @property
    def name(self) -> str:
        return f"{self.cell['name']}.{self.first}-{self.episodes}"

    def arguments(self) -> list[str]:
        of_object = [] if self.cell["object"] is None else ["--object", self.cell["object"]]
        return ["--task", self.cell["task"], *of_object, "--env", self.cell["environment"], "--policy", self.cell["policy"], "--seeds", str(self.first), "--episodes", str(self.episodes),
                "--workers", "1"]


def main(argv: list[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    at = argv.index("--") if "--" in argv else len(argv)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", default="local", help="of the cluster, as ray.init takes it; local: this machine alone (default)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results, and of what is on the way")
    parser.add_argument("--chunk", type=int, default=10, help="episodes of a task (default: 10)")
    parser.add_argument("--tries", type=int, default=3, help="of a task that fails (default: 3)")
    parser.add_argument("--cpus", type=float, help="processors of --address local (default: all)")
    parser.add_argument("--command", default=str(PROJECT / "bin" / "jepa-mpc"), help="jepa-mpc on the nodes (default: this checkout's, at the same path)")
    options = parser.parse_args(argv[:at])
    given = argv[at + 1 :]
    try:
        for name in ("chunk", "tries"):
            if getattr(options, name) < 1:
                raise Failed(f"--{name} is {getattr(options, name)}: must be at least 1")
        for name in OURS:
            if any(word == name or word.startswith(f"{name}=") for word in given):
                raise Failed(f"{name} behind -- is none of yours: give --out before it")
        listed = json.loads(cli(options.command, [*given, "--list"]))
        settings = {name: value for name, value in listed.items() if name != "cells"}
        parts = parts_of(listed["cells"], options.chunk)
        open_parts = [part for part in parts if not is_there(options.out, part, settings)]
        if open_parts:
            run(open_parts, settings, of_each_episode(given), options)
        sys.stdout.write(cli(options.command, [*given, "--out", str(options.out), "--merge", *(str(folder_of(options.out, part)) for part in parts)]))
    except (Failed, OSError) as error:
        print(f"ray_eval: {error}", file=sys.stderr)
        return 1
    return 0


def parts_of(cells: list[dict], chunk: int) -> list[Part]:
    """The cells in runs of at most `chunk` seeds; a longer suite begins with the whole parts of a shorter one."""
    return [Part(cell, first, min(chunk, cell["first_seed"] + cell["episodes"] - first)) for cell in cells
            for first in range(cell["first_seed"], cell["first_seed"] + cell["episodes"], chunk)]


def of_each_episode(given: list[str]) -> list[str]:
    """The options that every episode needs, of those for the whole."""
    kept, words = [], list(given)
    while words:
        word = words.pop(0)
        name, has_value, _ = word.partition("=")
        if name not in OF_THE_WHOLE:
            kept.append(word)
        elif not has_value and OF_THE_WHOLE[name] == 1 and words:
            words.pop(0)
    return kept


def folder_of(out: Path, part: Part) -> Path:
    return out / "parts" / part.name


def is_there(out: Path, part: Part, settings: dict) -> bool:
    """Whether a part has ended in an earlier run. Raises Failed when that was a run with other settings."""
    file = folder_of(out, part) / "settings.json"
    if not file.is_file():
        return False
    found = json.loads(file.read_text())
    if found != settings:
        raise Failed(f"{file} is of a run with other settings ({difference(found, settings)}): give another --out, or the same settings")
    return True


def difference(found: dict, wanted: dict) -> str:
    name = next(name for name in [*wanted, *found] if found.get(name) != wanted.get(name))
    return f"{name}: {json.dumps(found.get(name))} there, {json.dumps(wanted.get(name))} now"


def run(parts: list[Part], settings: dict, arguments: list[str], options: argparse.Namespace) -> None:
    """Has the cluster run `parts`, each as often as it may take, and keeps what comes. Raises Failed, when all have ended, for those that did not end well."""
    # Ray reports to its makers unless it is told not to.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    local = options.address == "local"
    ray.init(address=options.address, log_to_driver=False, logging_level="ERROR", **({"include_dashboard": False, "num_cpus": options.cpus} if local else {}))
    try:
        # Retries are counted and reported here, whatever a task failed of.
        task = ray.remote(num_cpus=1, max_retries=0)(run_part)
        start = lambda part: task.remote(options.command, [*part.arguments(), *arguments], str(Path.cwd()))
        pending = {start(part): (part, 1) for part in parts}
        ended, failures = 0, []
        while pending:
            (ready,), _ = ray.wait(list(pending), num_returns=1)
            part, attempt = pending.pop(ready)
            try:
                node, files = ray.get(ready)
                keep(options.out, part, settings, node, files)
                ended += 1
                say(f"{ended} of {len(parts)} parts, {part.name} on {node}")
            except (Failed, ray.exceptions.RayError) as error:
                sentence = f"{part.name}, try {attempt} of {options.tries}: {one_line(error)}"
                say(sentence)
                if attempt < options.tries:
                    pending[start(part)] = (part, attempt + 1)
                else:
                    failures.append(sentence)
        if failures:
            raise Failed(f"{len(failures)} of {len(parts)} parts failed, the others are kept; the same command goes on with these: {'; '.join(failures)}")
    finally:
        ray.shutdown()


def run_part(command: str, arguments: list[str], directory: str) -> tuple[str, dict[str, bytes]]:
    """On a node: runs the command line and returns the node's name and the files of its folder. Raises RuntimeError with the last line that it said."""
    node = os.uname().nodename
    with tempfile.TemporaryDirectory(prefix="jepa-mpc-part-") as folder:
        out = Path(folder) / "part"
        try:
            # A worker that Ray ends must not leave an evaluation behind.
            child = subprocess.run([command, "eval", *arguments, "--out", str(out), "--json", "-"], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                                   cwd=directory if os.path.isdir(directory) else None, preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL))
        except OSError as error:
            raise RuntimeError(f"{node}: {command} cannot be run ({error.strerror}): the project must be set up at the same path on every node") from None
        if child.returncode != 0:
            lines = [line.strip() for line in child.stderr.splitlines() if line.strip()]
            raise RuntimeError(f"{node}: {lines[-1] if lines else f'it ended with {child.returncode}'}")
        return node, {str(file.relative_to(out)): file.read_bytes() for file in sorted(out.rglob("*")) if file.is_file()}


def keep(out: Path, part: Part, settings: dict, node: str, files: dict[str, bytes]) -> None:
    """Writes a part whole or not at all. Raises Failed for one that is not what was asked for."""
    strange = [name for name in files if not PART_FILES.fullmatch(name)]
    if strange:
        raise Failed(f"{node}: sent the file {strange[0]!r}, which no part has")
    found = json.loads(files.get("settings.json", b"{}"))
    if found != settings:
        raise Failed(f"{node}: ran it with other settings ({difference(found, settings)}): the project and its bundles must be the same on every node")
    count = files.get(f"{part.cell['name']}.jsonl", b"").count(b"\n")
    if count != part.episodes:
        raise Failed(f"{node}: sent {count} episodes instead of {part.episodes}")
    folder = folder_of(out, part)
    half = folder.with_name(f".{folder.name}")
    shutil.rmtree(half, ignore_errors=True)
    for name, content in files.items():
        (half / name).parent.mkdir(parents=True, exist_ok=True)
        (half / name).write_bytes(content)
    half.rename(folder)


def cli(command: str, arguments: list[str]) -> str:
    """Output of the command line on this machine. Raises Failed with the last line that it said."""
    child = subprocess.run([command, "eval", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    if child.returncode != 0:
        raise Failed(child.stderr.strip().splitlines()[-1].removeprefix("jepa-mpc: ") if child.stderr.strip() else f"{command} ended with {child.returncode}")
    return child.stdout


def one_line(error: Exception) -> str:
    """Of an error that Ray has wrapped, the error itself."""
    return " ".join(str(getattr(error, "cause", None) or error).split())


def say(line: str) -> None:
    print(f"ray_eval: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
