"""A bundle's folder, or another that is read as a whole, written beside the old one and renamed when it is whole."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from .onnx_graph import side_files


def new_bundle(bundle: Path) -> AbstractContextManager[Path]:
    """As `new_folder`, for a bundle."""
    return new_folder(bundle, "manifest.json", "bundle")


@contextmanager
def new_folder(folder: Path, marker: str, what: str) -> Iterator[Path]:
    """An empty folder beside `folder` that takes its place when the block ends well, and is removed when it does not. Raises ValueError where there is something without the file `marker`."""
    part, old = (folder.with_name(folder.name + end) for end in (".part", ".old"))
    if folder.exists() and not (folder / marker).is_file():
        raise ValueError(f"{folder} is there and is no {what}: give another folder")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    part.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def file_entry(file: Path) -> dict:
    """Hash and size of a file as a manifest lists them."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 24):
            digest.update(block)
    return {"sha256": digest.hexdigest(), "bytes": file.stat().st_size}


def graph_entry(file: Path) -> dict:
    """As `file_entry`, with the side files of a graph, where it has some."""
    beside = [{"name": path.name, **file_entry(path)} for path in side_files(file)]
    return file_entry(file) | ({"side_files": beside} if beside else {})


def write_manifest(folder: Path, manifest: dict) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
