"""A bundle's folder, written beside the old one and renamed when it is whole."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def new_bundle(bundle: Path) -> Iterator[Path]:
    """An empty folder beside `bundle` that takes its place when the block ends well, and is removed when it does not."""
    part, old = (bundle.with_name(bundle.name + end) for end in (".part", ".old"))
    if bundle.exists() and not (bundle / "manifest.json").is_file():
        raise ValueError(f"{bundle} is there and is no bundle: give another folder")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)
    if bundle.exists():
        bundle.rename(old)
    part.rename(bundle)
    shutil.rmtree(old, ignore_errors=True)


def file_entry(file: Path) -> dict:
    """Hash and size of a file as a manifest lists them."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 24):
            digest.update(block)
    return {"sha256": digest.hexdigest(), "bytes": file.stat().st_size}


def write_manifest(folder: Path, manifest: dict) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
