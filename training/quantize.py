"""Makes an 8-bit variant of a bundle, if it chooses as the bundle does.

    python training/quantize.py --bundle models/NAME --out models/NAME-int8 --data data/NAME

Products get weights of 8 bits by channel. The variant is held against the bundle it comes from: energies of 256 candidates in scenes of your data, from picture to rank. Below
the limits nothing is written. What was measured stands in the new manifest under training.quantised.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path

from bundle.agreement import agreement
from bundle.quantise import MODES, quantise
from bundle.scenes import draw_scenes, feeds, latents_of, open_graph, read_episodes
from bundle.write import file_entry, graph_entry, new_bundle, write_manifest

GRAPHS = ("encoder.onnx", "rollout.onnx", "proposal.onnx")
# Candidates a scene while ranges are measured: their range is wanted, not their ranks.
RANGE_CANDIDATES = 64


def run(arguments: argparse.Namespace) -> None:
    bundle, out = arguments.bundle, arguments.out
    try:
        manifest = json.loads((bundle / "manifest.json").read_text())
        files = manifest["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{bundle} is no bundle ({' '.join(str(error).split())[:120]}): give a folder with manifest.json, encoder.onnx and rollout.onnx") from None
    if out.resolve() == bundle.resolve():
        raise ValueError(f"--out is the bundle itself, {bundle}: give another folder")
    wanted = [f"{name}.onnx" for name in arguments.graphs.split(",")]
    for name in wanted:
        if name not in files:
            raise ValueError(f"--graphs has {name.removesuffix('.onnx')}, the bundle has {', '.join(file.removesuffix('.onnx') for file in files)}")
    for name, entry in files.items():
        if file_entry(bundle / name)["sha256"] != entry["sha256"]:
            raise ValueError(f"{bundle / name} is not the file that the manifest lists: copy or export the bundle again")
        if entry.get("side_files"):
            raise ValueError(f"{bundle / name} has side files: export it with --precision int8 instead")
    episodes = read_episodes(arguments.data, arguments.trajectory, len(manifest["state"]["names"]))
    size = (manifest["image"]["height"], manifest["image"]["width"])
    scenes = draw_scenes(episodes, 2 * arguments.scenes, size)
    # Ranges are measured in other scenes than ranks.
    ranging, judged = scenes.part(0, arguments.scenes), scenes.part(arguments.scenes, 2 * arguments.scenes)
    encoder = open_graph(bundle / "encoder.onnx")
    latents = latents_of(encoder, ranging.starts), latents_of(encoder, ranging.goals)
    with new_bundle(out) as part:
        products = {}
        for name in files:
            if name in wanted:
                products[name] = quantise(bundle / name, part / name, arguments.mode, feeds(name, ranging, latents, manifest, RANGE_CANDIDATES), tuple(arguments.exact), arguments.convolutions)
            else:
                shutil.copyfile(bundle / name, part / name)
        found = agreement(bundle, part, manifest, judged)
        print("agreement:", json.dumps(found.to_dict()))
        faults = found.faults()
        if faults and not arguments.force:
            raise ValueError(f"{'; '.join(faults)}: nothing was written; keep some products with --exact, leave graphs out of --graphs, or keep it all the same with --force")
        for fault in faults:
            print(f"warning: {fault}; kept because of --force", file=sys.stderr)
        entries = {name: graph_entry(part / name) for name in files}
        write_manifest(part, manifest | {
            "name": out.resolve().name,
            "created": time.strftime("%Y-%m-%d"),
            "files": entries,
            "training": manifest.get("training", {}) | {"quantised": {
                "from": {"name": manifest["name"], "files": {name: files[name]["sha256"] for name in files}}, "mode": arguments.mode, "products": products, "exact": arguments.exact,
                "agreement": found.to_dict(), "kept_against": faults}},
        })
    before, after = (sum(entry["bytes"] for entry in listed.values()) / 1e6 for listed in (files, entries))
    print(f"quantize: wrote {out} ({before:.1f} MB to {after:.1f} MB); measure it in closed loop before you use it: jepa-mpc eval --bundle {out}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of the bundle")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, help="data set of the bundle's robot and camera, as sim/collect writes it")
    source.add_argument("--trajectory", type=Path, help=".npz with observations [T, H, W, 3] and states [T, S] instead")
    parser.add_argument("--mode", choices=MODES, default="dynamic", help="ranges of the inputs at run time, or measured once on the data (default: dynamic)")
    parser.add_argument("--graphs", default="rollout,proposal", help="which graphs, between commas (default: rollout,proposal)")
    parser.add_argument("--exact", nargs="*", default=[], metavar="PART", help="products whose weight has one of these in its name stay in 32 bits")
    parser.add_argument("--convolutions", action="store_true", help="with --mode static: quantise convolutions too")
    parser.add_argument("--scenes", type=int, default=16, help="scenes to measure ranges in, and as many others to measure ranks in (default: 16)")
    parser.add_argument("--force", action="store_true", help="write it although it ranks differently; the manifest says so")
    arguments = parser.parse_args()
    if arguments.scenes < 1:
        parser.error(f"--scenes is {arguments.scenes}: must be at least 1")
    run(arguments)


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"quantize: {error}")
