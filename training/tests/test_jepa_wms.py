"""JEPA-WMs: our modules and their exporter against what the authors' code made of the same formula's weights, for every way that actions and proprioception come in."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch

import export_jepa_wms
import jepa_wms_layout as layout
from bundle.robot import Robot, Values, read_robot
from jepa_wms.config import HALF, IMAGENET, normalization, read_config
from jepa_wms.graphs import RolloutGraph
from jepa_wms.load import load
from jepa_wms_layout import LAYOUTS
from vjepa2_ac.conventions import ACTION, STATE
from vjepa2_layout import pictures, wave

# Computed once with the authors' public modules (and DINOv2's, DINOv3's): first four numbers of a latent, energies of two candidates by four steps, first two numbers of both final latents.
GOLDEN = {
    "as jepa_wm_droid": {"latent": [-0.13124, 0.84323, -1.3769, 0.89987], "energy": [1.28552, 1.26543, 2.28946, 3.14203, 1.25319, 1.5589, 2.56773, 2.85314],
                         "last": [1.97847, -1.37871, 1.79327, -1.25462]},
    "as jepa_wm_metaworld": {"latent": [-1.83197, -0.05926, -1.14519, 1.17714], "energy": [1.11088, 1.34647, 1.07483, 1.04625, 1.10939, 1.49441, 1.09843, 1.03925],
                             "last": [0.08839, 0.2126, 0.05362, 0.22881]},
    "AdaLN, proprioception as a token": {"latent": [-1.18103, 1.45771, -0.71897, -0.3935], "energy": [1.17159, 1.61107, 1.88973, 1.31477, 1.21209, 1.87958, 1.30844, 1.57171],
                                         "last": [0.6413, -0.09148, 0.93136, -0.16117]},
    "AdaLN, neither mask nor rotation": {"latent": [-1.83197, -0.05926, -1.14519, 1.17714], "energy": [1.08508, 1.14002, 1.92521, 3.09932, 1.09327, 1.36661, 2.17379, 2.65705],
                                         "last": [1.86861, -1.38094, 1.65368, -1.22362]},
    "as vjepa2_ac_droid": {"latent": [-1.85362, 0.50103, 0.58353, -1.11274], "energy": [2.80758, 1.5997, 1.74025, 1.69083, 2.80715, 1.59968, 1.74041, 1.69071],
                           "last": [-0.73364, 1.56506, -0.73384, 1.56493]},
    "as vjepa2_ac_oss": {"latent": [-1.85362, 0.50103, 0.58353, -1.11274], "energy": [2.456, 1.60919, 1.76397, 1.68067, 2.45508, 1.60924, 1.7641, 1.68047],
                         "last": [-0.75698, 1.54886, -0.75722, 1.54867]},
    "tokens, two of proprioception": {"latent": [-1.83197, -0.05926, -1.14519, 1.17714], "energy": [0.93052, 4.55649, 4.37636, 4.20585, 0.93116, 4.55145, 4.40425, 4.20085],
                                      "last": [1.97624, -2.76173, 1.98553, -2.76356]},
    "features": {"latent": [-1.83197, -0.05926, -1.14519, 1.17714], "energy": [5.13726, 3.24935, 6.96567, 6.03107, 3.76231, 2.97714, 6.57017, 6.27619],
                 "last": [-1.32103, 3.19449, -1.2071, 3.23936]},
    "as dino_wm_metaworld": {"latent": [-1.53575, -0.59179, -0.87912, 0.96445], "energy": [0.24395, 0.54161, 0.86188, 1.0801, 0.21972, 0.60291, 0.87791, 1.03328],
                             "last": [-1.90569, 0.4063, -1.80851, 0.41046]},
    "as dino_wm_droid": {"latent": [-1.83197, -0.05926, -1.14519, 1.17714], "energy": [0.58172, 1.16832, 1.70689, 1.92399, 0.43198, 1.10664, 1.56192, 1.76091],
                         "last": [0.30282, -2.39931, 0.246, -2.23188]},
}
POSE = torch.tensor([[0.4, 0.1, 0.3, 0.2, -0.1, 0.3, 0.5]])


def loaded(case, folder, **changes):
    checkpoint, encoder, config = layout.save(folder, replace(LAYOUTS[case], **changes))
    return load(checkpoint, encoder, read_config(config))


def robot_of(case):
    if LAYOUTS[case].action != layout.POSE:
        return read_robot(None, LAYOUTS[case].action, LAYOUTS[case].proprio or None)
    values = (Values(list(names), ["1"] * 7, np.zeros(7, np.float32), np.ones(7, np.float32), None, None, {}) for names in (ACTION, STATE))
    return Robot(*values, "ee_delta", 0.25, True)


def scene(case):
    """Two candidates of four steps, and a state."""
    one = LAYOUTS[case]
    actions = wave((2, 4, one.action), 0.4).float() * (0.1 if one.action == layout.POSE else 1)
    return actions, POSE if one.action == layout.POSE else torch.tensor([[0.3, -0.2, 0.5, 0.1]]) if one.proprio else torch.zeros(1, 1)


@pytest.mark.parametrize("case", LAYOUTS)
def test_as_the_authors_code(case, tmp_path):
    encoder, model, _ = loaded(case, tmp_path)
    side = model.config.image_size
    latents = encoder.graph(pictures(2, side, side))
    wanted = GOLDEN[case]
    assert latents[0, :4].tolist() == pytest.approx(wanted["latent"], abs=3e-5)
    actions, state = scene(case)
    energy, start, last, pose = RolloutGraph(model, robot_of(case), 4)(latents[:1], state, actions, latents[1:])
    assert energy.flatten().tolist() == pytest.approx(wanted["energy"], abs=5e-5)
    assert last[:, :2].flatten().tolist() == pytest.approx(wanted["last"], abs=5e-5)
    assert start.item() == pytest.approx((latents[0] - latents[1]).square().mean().item())
    if model.config.action == layout.POSE:
        torch.testing.assert_close(pose[:, :3], POSE[:, :3] + actions.sum(1)[:, :3])
    else:
        assert torch.equal(pose, state.expand(2, -1))


@pytest.mark.parametrize(("case", "precision"), [*((case, "fp32") for case in LAYOUTS), ("as jepa_wm_droid", "fp16")])
def test_the_files_are_the_modules(case, precision, tmp_path, monkeypatch):
    # Two steps are a window that grows; a window that moves on is looked at once.
    horizon = 4 if case == "as jepa_wm_droid" else 2
    checkpoint, encoder, config = map(str, layout.save(tmp_path, LAYOUTS[case]))
    argv = ["export_jepa_wms.py", checkpoint, "--encoder", encoder, "--config", config, "--bundle", str(tmp_path / "bundle"), "--horizon", str(horizon), "--precision", precision]
    if LAYOUTS[case].action == layout.POSE:
        names = {"action": list(ACTION), "state": list(STATE)}
        section = {part: {"names": names[part], "units": ["m"] * 3 + ["rad"] * 3 + ["1"]} for part in names}
        robot = section | {"action": section["action"] | {"kind": "ee_delta", "low": [-0.1] * 7, "high": [0.1] * 7, "period_s": 0.25}}
        (tmp_path / "robot.json").write_text(json.dumps(robot))
        argv += ["--robot", str(tmp_path / "robot.json")]
    monkeypatch.setattr(sys, "argv", argv)
    export_jepa_wms.main()
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    side = layout.settings(LAYOUTS[case])["image_size"]
    assert (manifest["horizon"], manifest["latent"]["shape"], manifest["image"]["width"]) == (horizon, [384], side)
    assert manifest["training"]["parity"]["rank_correlation_min"] > 0.99
    sessions = {name: onnxruntime.InferenceSession(tmp_path / "bundle" / f"{name}.onnx") for name in ("encoder", "rollout")}
    latents = sessions["encoder"].run(None, {"pixels": pictures(2, side, side).numpy()})[0]
    actions, state = scene(case)
    energy, *_ = sessions["rollout"].run(None, {"latent": latents[:1], "state": state.numpy(), "actions": actions[:, :horizon].numpy(), "goal": latents[1:]})
    np.testing.assert_allclose(energy, np.reshape(GOLDEN[case]["energy"], (2, 4))[:, :horizon], atol=1e-4 if precision == "fp32" else 0.02)


def test_the_robots_own_numbers_go_in_one_by_one(tmp_path):
    case = "as jepa_wm_metaworld"
    encoder, model, _ = loaded(case, tmp_path)
    robot = {"action": {"kind": "ee_delta", "names": ["dx", "dy", "dz"], "units": ["m"] * 3, "low": [-0.1] * 3, "high": [0.1] * 3, "mean": [0.01, 0.0, 0.02], "std": [0.02, 0.03, 0.04], "period_s": 0.1},
             "state": {"names": ["x", "y", "z", "g"], "units": ["m"] * 4, "mean": [0.5, 0.0, 0.2, 0.0], "std": [0.1, 0.2, 0.1, 0.5]}}
    (tmp_path / "robot.json").write_text(json.dumps(robot))
    rollout = RolloutGraph(model, read_robot(tmp_path / "robot.json", 6, 4), 4)
    assert (rollout.block, rollout.horizon) == (2, 8)
    latents = encoder.graph(pictures(2, 56, 56))
    actions, state = scene(case)
    own = actions.reshape(2, 8, 3) * torch.tensor(robot["action"]["std"]) + torch.tensor(robot["action"]["mean"])
    energy, *_ = rollout(latents[:1], state * torch.tensor(robot["state"]["std"]) + torch.tensor(robot["state"]["mean"]), own, latents[1:])
    assert energy.flatten().tolist() == pytest.approx(np.repeat(np.reshape(GOLDEN[case]["energy"], (2, 4)), 2, 1).flatten().tolist(), abs=1e-4)


def test_what_is_left_out_is_said(tmp_path):
    content = layout.checkpoint(LAYOUTS["as vjepa2_ac_oss"])
    inside = content["predictor"]
    content["predictor"] = {name.replace("proprio_encoder", "state_encoder"): tensor for name, tensor in inside.items()} | {"module.extrinsics_encoder.weight": torch.ones(30, 6)}
    encoder = layout.encoder(LAYOUTS["as vjepa2_ac_oss"])
    encoder["target_encoder"]["pos_embed"] = torch.zeros(1, 8, 24)
    files = layout.save(tmp_path, LAYOUTS["as vjepa2_ac_oss"], content, encoder)
    _, model, left_out = load(files[0], files[1], read_config(files[2]))
    assert left_out == ["predictor.extrinsics_encoder.weight", "encoder.pos_embed"]
    assert torch.equal(model.predictor.proprio_encoder.weight, inside["module.proprio_encoder.weight"])


def changed(case, part, name, tensor=None):
    content = layout.checkpoint(LAYOUTS[case])
    content[part] = {key: value for key, value in content[part].items() if key != f"module.{name}"} | ({} if tensor is None else {f"module.{name}": tensor})
    return content


@pytest.mark.parametrize(("case", "content", "message"), [
    ("as jepa_wm_droid", changed("as jepa_wm_droid", "predictor", "predictor_blocks.1.norm1.bias"), r"predictor: missing: predictor_blocks\.1\.norm1\.bias$"),
    ("as jepa_wm_droid", changed("as jepa_wm_droid", "predictor", "head.weight", torch.ones(2)), r"predictor: surplus: head\.weight$"),
    ("as jepa_wm_droid", changed("as jepa_wm_droid", "predictor", "predictor_norm.weight", torch.ones(2)), r"predictor: mis-shaped: predictor_norm\.weight is \[2\] and must be \[30\]$"),
    ("as jepa_wm_droid", changed("as jepa_wm_droid", "predictor", "predictor_norm.weight", torch.full((30,), torch.nan)), r"predictor: predictor_norm\.weight holds numbers that are not finite"),
    ("as jepa_wm_droid", changed("as jepa_wm_droid", "predictor", "predictor_embed.weight", torch.ones(30, 20)), r"takes patches of 20, the encoder gives 24"),
    ("as jepa_wm_droid", changed("as jepa_wm_droid", "predictor", "predictor_embed.weight"), r"predictor: missing: predictor_embed\.weight; this is no JEPA-WM"),
    ("as jepa_wm_droid", changed("as jepa_wm_droid", "predictor", "action_encoder.weight"), r"has no action_encoder"),
    ("as jepa_wm_droid", layout.checkpoint(LAYOUTS["as jepa_wm_droid"]) | {"proprio_encoder": layout.checkpoint(LAYOUTS["features"])["proprio_encoder"]}, r"proprio_encoder gives 6 numbers"),
    ("as jepa_wm_metaworld", {key: value for key, value in layout.checkpoint(LAYOUTS["as jepa_wm_metaworld"]).items() if key != "proprio_encoder"}, r"layers are 39 wide, .* together 30"),
    ("as dino_wm_droid", changed("as dino_wm_droid", "action_encoder", "patch_embed.bias"), r"action_encoder: missing: patch_embed\.bias$"),
    ("as dino_wm_droid", changed("as dino_wm_droid", "action_encoder", "patch_embed.weight", torch.ones(8, 6)), r"action_encoder: mis-shaped: patch_embed\.weight is \[8, 6\]"),
    ("as jepa_wm_droid", {"epoch": 3}, r"has no predictor \(it has epoch\)"),
    ("as jepa_wm_droid", {"predictor": {}}, r"predictor is empty"),
])
def test_checkpoints_that_do_not_fit_are_refused_by_name(case, content, message, tmp_path):
    checkpoint, encoder, config = layout.save(tmp_path, LAYOUTS[case], content)
    with pytest.raises(ValueError, match=message):
        load(checkpoint, encoder, read_config(config))


@pytest.mark.parametrize(("case", "name", "tensor", "message"), [
    ("as jepa_wm_droid", "blocks.1.ls2.gamma", None, r"encoder: missing: blocks\.1\.ls2\.gamma$"),
    ("as jepa_wm_droid", "head.weight", torch.ones(2), r"encoder: surplus: head\.weight$"),
    ("as jepa_wm_droid", "rope_embed.periods", torch.ones(5), r"rope_embed\.periods has 5 numbers"),
    ("as jepa_wm_droid", "patch_embed.proj.weight", None, r"missing or mis-shaped: patch_embed\.proj\.weight"),
    ("as jepa_wm_metaworld", "blocks.0.norm1.weight", None, r"encoder: missing: blocks\.0\.norm1\.weight$"),
])
def test_encoders_that_do_not_fit_are_refused_by_name(case, name, tensor, message, tmp_path):
    of_encoder = {key: value for key, value in layout.encoder(LAYOUTS[case]).items() if key != name} | ({} if tensor is None else {name: tensor})
    checkpoint, encoder, config = layout.save(tmp_path, LAYOUTS[case], of_encoder=of_encoder)
    with pytest.raises(ValueError, match=message):
        load(checkpoint, encoder, read_config(config))


@pytest.mark.parametrize(("case", "config", "message"), [
    ("as jepa_wm_droid", {"predictor_depth": 3}, r"predictor_depth is 3, the checkpoint's tensors have 2"),
    ("as jepa_wm_droid", {"width": 32}, r"width is 32, the encoder's tensors have 24"),
    ("as jepa_wm_droid", {"patch": 16}, r"patch is 16, the encoder's tensors have 8"),
    ("as jepa_wm_droid", {"image_size": 36}, r"image_size is 36: patches of 8 pixels must fill it"),
    ("as jepa_wm_droid", {"predictor_heads": None}, r"predictor_heads is 16: must divide the predictor's width, 30"),
    ("as jepa_wm_droid", {"predictor": "dino_wm"}, r"predictor is dino_wm, the checkpoint's tensors are those of AdaLN"),
    ("as jepa_wm_droid", {"depth": 2}, r"depth is not a field; fields are width"),
    ("as jepa_wm_droid", {"rope": "yes"}, r"rope is 'yes': must be true or false"),
    ("as jepa_wm_droid", {"frames": 0}, r"frames is 0: must be a positive whole number"),
    ("as jepa_wm_droid", {"normalize": [[0.5] * 3, [0.0] * 3]}, r"normalize is .* deviations above 0"),
    ("as jepa_wm_droid", {"img_size": 16}, r"image_size is given as 32 and as 16 \(img_size\)"),
    ("as dino_wm_droid", {"frames": 5}, r"5 frames of 16 patches \(56 pixels\), the predictor has 64 positions"),
    ("as dino_wm_droid", {"predictor_heads": 3}, r"3 heads of 16, the tensors have 32 numbers"),
    ("as dino_wm_droid", {"heads": None}, r"do not show how many heads an encoder of width 24"),
    ("as vjepa2_ac_droid", {"normalize_reps": None}, r"normalised in training: give normalize_reps"),
    ("as vjepa2_ac_droid", {"causal": False}, r"known only frame-causal"),
    ("as vjepa2_ac_droid", {"encoder_key": "ema_encoder"}, r"has no ema_encoder \(it has target_encoder, encoder, epoch\)"),
    ("as vjepa2_ac_droid", {"encoder_rope": False}, r"only those with rotary positions are known"),
    ("as vjepa2_ac_droid", {"normalize": [[0.5] * 3, [0.5] * 3]}, r"V-JEPA 2 takes pictures with ImageNet's"),
    ("AdaLN, proprioception as a token", {"causal": False}, r"proprioception as a token"),
])
def test_a_configuration_that_contradicts_is_refused(case, config, message, tmp_path):
    checkpoint, encoder, file = layout.save(tmp_path, LAYOUTS[case], config=config)
    with pytest.raises(ValueError, match=message):
        load(checkpoint, encoder, read_config(file))


AUTHORS = """
model_kwargs:
  checkpoint: jepa-latest.pth.tar
  pretrain_kwargs:
    visual_encoder: {enc_type: dino, enc_version: dinov3_vitl16, embed_dim: 24, enc_use_rope: null, pretrain_enc_ckpt_key: target_encoder}
    predictor: {pred_num_heads: 2, pred_depth: 2, pred_embed_dim: 30, pred_type: AdaLN, use_rope: true, tubelet_size: 1}
    wm_encoding: {batchify_video: true, dup_image: false, normalize_reps: false}
    attn: {local_window_time: 3, local_window_h: -1, local_window_w: -1}
    heads_cfg: {architectures: {image_head: {config: {embed_dim: 99, depth: 9}}}}
  data: {img_size: 32, custom: {frameskip: 1}}
  data_aug: {normalize: [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]}
  wrapper_kwargs: {ctxt_window: 2, proprio_mode: predict_proprio}
planner: {horizon: 3}
"""


def test_the_authors_evaluation_file_says_the_same(tmp_path):
    checkpoint, encoder, config = layout.save(tmp_path, LAYOUTS["as jepa_wm_droid"])
    pytest.importorskip("yaml")
    (tmp_path / "droid.yaml").write_text(AUTHORS)
    _, own, _ = load(checkpoint, encoder, read_config(config))
    _, theirs, _ = load(checkpoint, encoder, read_config(tmp_path / "droid.yaml"))
    assert own.config == theirs.config
    (tmp_path / "droid.yaml").write_text(AUTHORS.replace("local_window_time: 3", "local_window_time: -1"))
    assert load(checkpoint, encoder, read_config(tmp_path / "droid.yaml"))[1].config == replace(own.config, causal=False)


def test_configurations_that_cannot_be_read(tmp_path):
    for name, text, message in (("a.json", "{", "is not JSON"), ("b.yaml", "a: [", "is not YAML|needs the package PyYAML"), ("c.json", "[1]", "must be one object")):
        (tmp_path / name).write_text(text)
        with pytest.raises(ValueError, match=message):
            read_config(tmp_path / name)
    with pytest.raises(ValueError, match="cannot be read"):
        read_config(tmp_path / "absent.json")


def test_colours_are_normalised_as_each_was_trained():
    assert (normalization({}, "AdaLN"), normalization({}, "dino_wm")) == (IMAGENET, HALF)


def test_a_predictor_that_takes_a_pose_wants_one(tmp_path):
    _, model, _ = loaded("as vjepa2_ac_oss", tmp_path)
    with pytest.raises(ValueError, match="takes a pose as it is, which the action moves: give --robot with the state ee_x"):
        RolloutGraph(model, read_robot(None, 7, 7), 2)
