"""V-JEPA 2-AC: our modules against what the authors' code made of the same formula's weights, and against slow loops of our own."""

from __future__ import annotations

import math
import sys

import pytest
import torch
from torch import Tensor

import vjepa2_layout as layout
from bundle.transformer import frame_causal
from vjepa2_ac.config import overrides, read_config
from vjepa2_ac.graphs import EncoderGraph, RolloutGraph
from vjepa2_ac.load import load
from vjepa2_ac.pose import atan2, euler, matrix, moved
from vjepa2_ac.rotary import grid_positions, rotate, turn
from vjepa2_reference import reference_rollout

EXTRINSICS = (0.1, -0.2, 0.3, 0.4, -0.5, 0.6)
# The end of three sequences of three actions, by the authors' compute_new_pose.
POSES = [-0.02441, -5e-05, 0.57137, -3.13767, 0.87434, -0.28084, 0.37396, 0.92127, 0.6101, 0.55903, 3.01549, -0.14226, -1.10968, 0.0, 0.26813, -0.34432, -0.2478, 2.52246,
         0.12334, -0.47353, 0.82933]
# Computed once with the authors' public modules, loaded with layout.checkpoint(): the latent's first and last two numbers, both latents' sums weighted by place, energies of
# three candidates by three steps, the first number of each final latent.
GOLDEN = {
    "plain": ({}, {}, {"latent": [-1.85832, 1.21817, -0.72616, 1.69392], "sums": [0.83248, 0.75148],
                       "energy": [1.66515, 1.64992, 1.65441, 1.6682, 1.65015, 1.65432, 1.6664, 1.65226, 1.65409], "last": [1.24764, 1.25036, 1.24195]}),
    "wider than high": ({"img_size": [16, 24]}, {}, {"latent": [-1.74152, 0.91, -0.88758, 1.49236], "sums": [0.78942, 0.78595],
                                                     "energy": [1.70732, 1.68428, 1.69343, 1.70905, 1.68455, 1.69329, 1.70834, 1.68625, 1.69322], "last": [1.25989, 1.2606, 1.25578]}),
    "extrinsics": ({"use_extrinsics": True, "extrinsics": list(EXTRINSICS)}, {},
                   {"latent": [-1.85832, 1.21817, -0.72616, 1.69392], "sums": [0.83248, 0.75148],
                    "energy": [1.66549, 1.6506, 1.65429, 1.66864, 1.64996, 1.65456, 1.66668, 1.65193, 1.65411], "last": [1.24591, 1.24855, 1.24237]}),
    "gated": ({}, {"gated": True, "hidden": 64}, {"latent": [-1.59379, 0.90945, 0.08336, -0.0903], "sums": [-0.40274, 0.30294],
                                                  "energy": [1.62736, 1.62644, 1.62202, 1.62451, 1.62685, 1.62216, 1.62698, 1.6264, 1.62171], "last": [1.42257, 1.42328, 1.42261]}),
    "heads with numbers left over": ({}, {"width": 40, "predictor_width": 52}, {"latent": [0.36098, -0.20004, 0.28814, -1.25627], "sums": [-0.43319, -0.53456],
                                     "energy": [1.11698, 1.10747, 1.10914, 1.11129, 1.10697, 1.10902, 1.10967, 1.10711, 1.10956], "last": [-0.06726, -0.06888, -0.05634]}),
}


def tiny(folder, config=None, content=None, **sizes):
    return load(layout.save(folder, content, **sizes), overrides(layout.CONFIG | (config or {})))


def actions() -> Tensor:
    return (0.4 * layout.wave((3, 3, 7), 0.5)).float()


STATE = torch.tensor([[0.4, 0.1, 0.3, 3.1, 0.2, -0.4, 0.3]])


def close(found: Tensor, wanted: list[float]) -> None:
    assert found.flatten().tolist() == pytest.approx(wanted, abs=2e-5)


@pytest.mark.parametrize("case", GOLDEN)
def test_as_the_authors_code(case, tmp_path):
    config, sizes, wanted = GOLDEN[case]
    encoder, predictor, read, _ = tiny(tmp_path, config, **sizes)
    pictures = layout.pictures(2, read.height, read.image_width)
    latents = EncoderGraph(encoder)(pictures)
    close(latents[0, [0, 1, -2, -1]], wanted["latent"])
    place = torch.arange(1, read.latent + 1) / read.latent
    assert (latents * place).sum(1).tolist() == pytest.approx(wanted["sums"], abs=1e-3)
    energy, start, last, pose = RolloutGraph(predictor, 3, read.extrinsics)(latents[:1], STATE, actions(), latents[1:])
    close(energy, wanted["energy"])
    close(last[:, 0], wanted["last"])
    close(pose, POSES)
    assert start.item() == pytest.approx((latents[0] - latents[1]).abs().mean().item())


@pytest.mark.parametrize("config", [{}, {"use_extrinsics": True, "extrinsics": list(EXTRINSICS)}, {"normalize_reps": False}])
def test_kept_keys_and_values_change_nothing(config, tmp_path):
    encoder, predictor, read, _ = tiny(tmp_path, config)
    latent, goal = EncoderGraph(encoder)(layout.pictures(2, 16, 16)).split(1)
    camera = None if read.extrinsics is None else torch.tensor(read.extrinsics)
    latents, poses = reference_rollout(predictor, latent, STATE, actions(), camera)
    energy, _, last, pose = RolloutGraph(predictor, 3, read.extrinsics)(latent, STATE, actions(), goal)
    torch.testing.assert_close(last, latents[:, -1], atol=1e-5, rtol=0)
    torch.testing.assert_close(pose, poses[:, -1])
    torch.testing.assert_close(energy, (latents - goal).abs().mean(-1), atol=1e-6, rtol=0)


def test_the_clip_of_a_repeated_picture_gives_the_pictures_tokens(tmp_path):
    encoder, _, read, _ = tiny(tmp_path)
    pixels = layout.pictures(2, 16, 16)
    colours = (pixels.float() / 255 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    clip = colours.permute(0, 3, 1, 2)[:, :, None].repeat(1, 1, 2, 1, 1)
    tokens = torch.nn.functional.layer_norm(encoder(clip), (read.width,)).flatten(1)
    torch.testing.assert_close(EncoderGraph(encoder)(pixels), tokens, atol=1e-5, rtol=0)


def test_a_clip_of_two_tubelets_knows_their_order(tmp_path):
    encoder, _, read, _ = tiny(tmp_path)
    clip = layout.wave((1, 3, 4, 16, 16), 0.1).float()
    tokens = encoder(clip)
    assert tokens.shape == (1, 2 * read.patches, read.width)
    swapped = encoder(clip[:, :, [2, 3, 0, 1]])
    # The same content at another time: alike, if time did not turn keys and queries.
    assert (tokens[:, : read.patches] - swapped[:, read.patches :]).abs().max() > 1e-3


def test_rotation_by_slow_loops():
    head, rows, columns = 20, 2, 3
    values = layout.wave((1, 1, 2 * rows * columns, head), 0.3).float()
    positions = torch.cat([grid_positions(rows, columns, frame) for frame in range(2)])
    found = rotate(values, turn(positions, head))
    size = 2 * ((head // 3) // 2)
    for token in range(2 * rows * columns):
        where = (token // (rows * columns), token % (rows * columns) // columns, token % columns)
        for number in range(head):
            axis, inside = divmod(number, size)
            before = values[0, 0, token]
            if axis > 2:
                wanted = before[number].item()
            else:
                angle = where[axis] * 10000 ** (-(inside % (size // 2)) / (size / 2))
                other = -before[number + 1].item() if number % 2 == 0 else before[number - 1].item()
                wanted = before[number].item() * math.cos(angle) + other * math.sin(angle)
            assert found[0, 0, token, number].item() == pytest.approx(wanted, abs=1e-5)


def test_the_mask_is_causal_by_frames():
    allowed = frame_causal(3, 4)
    for query in range(12):
        for key in range(12):
            assert allowed[query, key].item() == (key // 4 <= query // 4)


def test_later_frames_do_not_change_what_was_predicted_and_earlier_ones_do(tmp_path):
    _, predictor, read, _ = tiny(tmp_path)
    latents = layout.wave((1, 3 * read.patches, read.width), 0.9).float()
    acts, states = actions()[:1], STATE.expand(1, 3, -1)
    before = predictor(latents, acts, states)
    for changed in ("latents", "actions", "states"):
        l, a, s = latents.clone(), acts.clone(), states.clone()
        {"latents": l[:, 2 * read.patches :], "actions": a[:, 2:], "states": s[:, 2:]}[changed].mul_(-2)
        after = predictor(l, a, s)
        torch.testing.assert_close(after[:, : 2 * read.patches], before[:, : 2 * read.patches], atol=1e-7, rtol=0)
        assert (after[:, 2 * read.patches :] - before[:, 2 * read.patches :]).abs().max() > 1e-5
    l = latents.clone()
    l[:, : read.patches] *= -2
    assert (predictor(l, acts, states)[:, 2 * read.patches :] - before[:, 2 * read.patches :]).abs().max() > 1e-5


def rotation_about(axis: int, angle: float) -> Tensor:
    c, s = math.cos(angle), math.sin(angle)
    i, j = [other for other in range(3) if other != axis]
    if axis == 1:
        i, j = j, i
    result = torch.eye(3, dtype=torch.float64)
    result[i, i], result[i, j], result[j, i], result[j, j] = c, -s, s, c
    return result


def test_euler_angles_are_about_fixed_axes_x_then_y_then_z():
    generator = torch.Generator().manual_seed(0)
    angles = (torch.rand(200, 3, generator=generator, dtype=torch.float64) - 0.5) * 4 * math.pi
    for roll, pitch, yaw in angles.tolist():
        wanted = rotation_about(2, yaw) @ rotation_about(1, pitch) @ rotation_about(0, roll)
        found = matrix(torch.tensor([roll, pitch, yaw], dtype=torch.float64))
        torch.testing.assert_close(found, wanted, atol=1e-12, rtol=0)
        read = euler(wanted)
        torch.testing.assert_close(matrix(read), wanted, atol=1e-9, rtol=0)
        assert abs(read[0]) <= math.pi and abs(read[1]) <= math.pi / 2 and abs(read[2]) <= math.pi


def test_an_action_turns_about_the_base_frames_axes():
    pose = torch.tensor([0.1, 0.2, 0.3, math.pi / 2, 0.0, 0.0, 0.5])
    action = torch.tensor([0.01, -0.02, 0.03, 0.0, 0.0, math.pi / 2, 0.0])
    after = moved(pose, action)
    wanted = rotation_about(2, math.pi / 2) @ rotation_about(0, math.pi / 2)
    torch.testing.assert_close(matrix(after[3:6]).double(), wanted, atol=1e-6, rtol=0)
    # About the hand's own axes it would be another.
    assert (matrix(after[3:6]).double() - rotation_about(0, math.pi / 2) @ rotation_about(2, math.pi / 2)).abs().max() > 0.5
    assert after[:3].tolist() == pytest.approx([0.11, 0.18, 0.33])


@pytest.mark.parametrize(("closed", "change", "after"), [(0.2, 0.75, 0.95), (0.5, 0.75, 1.0), (0.2, -0.75, 0.0)])
def test_the_gripper_stays_between_open_and_closed(closed, change, after):
    pose, action = torch.zeros(7), torch.zeros(7)
    pose[6], action[6] = closed, change
    assert moved(pose, action)[6].item() == pytest.approx(after)


@pytest.mark.parametrize("pitch", [math.pi / 2, -math.pi / 2])
def test_where_roll_and_yaw_are_one_the_rotation_is_still_right(pitch):
    angles = torch.tensor([0.7, pitch, 0.3], dtype=torch.float64)
    read = euler(matrix(angles))
    assert read[2] == 0
    torch.testing.assert_close(matrix(read), matrix(angles), atol=1e-7, rtol=0)


def test_atan2_in_all_octants():
    angles = torch.linspace(-math.pi, math.pi, 721, dtype=torch.float64)[1:-1]
    torch.testing.assert_close(atan2(angles.sin().float(), angles.cos().float()).double(), angles, atol=1e-6, rtol=0)
    assert atan2(torch.zeros(()), -torch.ones(())).item() == pytest.approx(math.pi)
    assert atan2(torch.zeros(()), torch.zeros(())).item() == 0


def test_what_training_left_over_is_left_out_and_said(tmp_path):
    *_, left_out = tiny(tmp_path)
    assert left_out == ["encoder.pos_embed"]


def test_the_target_encoder_where_there_is_no_other_or_where_it_is_asked_for(tmp_path):
    content = layout.checkpoint()
    content["target_encoder"] = content.pop("encoder")
    encoder, *_ = tiny(tmp_path, content=content)
    content["encoder"] = {name: value + 1 for name, value in content["target_encoder"].items()}
    # Another file: the first one's tensors are mapped, not copied.
    (tmp_path / "both").mkdir()
    file = layout.save(tmp_path / "both", content)
    given = overrides(layout.CONFIG)
    other, *_ = load(file, given)
    asked, *_ = load(file, given, "target_encoder")
    assert torch.equal(asked.norm.bias, encoder.norm.bias)
    assert torch.equal(other.norm.bias, encoder.norm.bias + 1)


def spoilt(part: str, spoil) -> dict:
    content = layout.checkpoint()
    spoil(content[part])
    return content


@pytest.mark.parametrize(("content", "message"), [
    (spoilt("encoder", lambda d: d.pop("module.backbone.blocks.1.norm2.bias")), r"encoder: missing: blocks\.1\.norm2\.bias$"),
    (spoilt("predictor", lambda d: d.pop("module.state_encoder.bias")), r"predictor: missing: state_encoder\.bias$"),
    (spoilt("encoder", lambda d: d.update({"module.backbone.blocks.0.ls1.gamma": torch.ones(24)})), r"encoder: surplus: blocks\.0\.ls1\.gamma$"),
    (spoilt("predictor", lambda d: d.update({"module.extra.weight": torch.ones(2)})), r"predictor: surplus: extra\.weight$"),
    (spoilt("predictor", lambda d: d.update({"module.predictor_proj.weight": torch.ones(24, 25)})), r"predictor: mis-shaped: predictor_proj\.weight is \[24, 25\] and must be \[24, 24\]$"),
    (spoilt("encoder", lambda d: d.update({"module.backbone.norm.weight": torch.full((24,), math.nan)})), r"encoder: norm\.weight holds numbers that are not finite"),
    (spoilt("encoder", lambda d: [d.pop(name) for name in list(d) if ".blocks.0." in name and "mlp.fc1.weight" not in name]), r"encoder: missing: blocks\.0\.norm1\.weight, .* and 7 more$"),
    (spoilt("encoder", lambda d: d.pop("module.backbone.patch_embed.proj.weight")), r"encoder: missing: patch_embed\.proj\.weight; this is no V-JEPA 2-AC checkpoint"),
    (spoilt("encoder", lambda d: d.update({"norm.weight": torch.ones(24)})), r"encoder: two tensors are called norm\.weight"),
    (spoilt("encoder", lambda d: d.update({"module.step": 3})), r"encoder: entry 'module\.step' is int: must be a tensor"),
    (spoilt("predictor", lambda d: d.update({"module.action_encoder.weight": torch.ones(24, 4)})), r"action_encoder takes 4 numbers and must take 7"),
    ({"model": {}}, r"has no encoder or target_encoder \(it has model\)"),
    ({"encoder": layout.checkpoint()["encoder"]}, r"has no predictor \(it has encoder\)"),
    ([1, 2], r"holds a list"),
])
def test_a_checkpoint_that_does_not_fit_is_refused_in_a_line(content, message, tmp_path):
    with pytest.raises(ValueError, match=message) as refusal:
        tiny(tmp_path, content=content)
    assert "\n" not in str(refusal.value)


def test_files_that_are_no_checkpoints(tmp_path):
    class Harm:
        def __reduce__(self):
            return (print, ("this must not run",))

    bad = {"text.pt": b"not a checkpoint", "empty.pt": b"", "half.pt": layout.save(tmp_path).read_bytes()[:9000]}
    torch.save({"encoder": Harm()}, tmp_path / "harm.pt")
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    for name in (*bad, "harm.pt"):
        with pytest.raises(ValueError, match="is not a PyTorch checkpoint of tensors alone") as refusal:
            load(tmp_path / name, {})
        assert "\n" not in str(refusal.value)
    with pytest.raises(ValueError, match="is not a file"):
        load(tmp_path / "absent.pt", {})


@pytest.mark.parametrize(("config", "message"), [
    ({"depth": 3}, r"depth is 3, the checkpoint's tensors have 2"),
    ({"predictor": {"depth": 4}}, r"predictor_depth is 4, the checkpoint's tensors have 2"),
    ({"embed_dim": 1408}, r"width is 1408, the checkpoint's tensors have 24"),
    ({"patch_size": 16}, r"patch is 16, the checkpoint's tensors have 8"),
    ({"num_heads": 5}, r"heads is 5: must divide the width, 24"),
    ({"num_heads": None}, r"do not show how many heads an encoder of width 24 has"),
    ({"pred_num_heads": 16, "predictor_num_heads": None}, r"predictor_heads is 16: must divide the width, 24"),
    ({"img_size": 20}, r"image_size is 20: must be a number of pixels"),
    ({"use_rope": False}, r"use_rope is false"),
    ({"use_extrinsics": "yes"}, r"use_extrinsics is 'yes': must be true or false"),
    ({"mlp_ratio": 4.0}, r"mlp_ratio is 4\.0, the checkpoint's tensors have 104 / 24"),
    ({"learning_rate": 1}, r"learning_rate is not a field"),
    ({"extrinsics": [1, 2]}, r"extrinsics is \[1, 2\]: must be 6 numbers"),
    ({"crop_size": 32}, r"image_size is given as 16 and as 32 \(crop_size\)"),
])
def test_a_configuration_that_contradicts_is_refused(config, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        tiny(tmp_path, config)


def test_configurations_by_sections_and_as_the_authors_train():
    wanted = {"image_size": 256, "patch": 16, "predictor_depth": 24, "predictor_heads": 16, "predictor_width": 1024, "tubelet": 2, "use_extrinsics": False, "use_rope": True,
              "is_frame_causal": True, "normalize_reps": True}
    assert overrides({
        "app": "vjepa_droid", "nodes": 4, "data": {"crop_size": 256, "patch_size": 16, "tubelet_size": 2, "fps": 4, "datasets": ["x"]}, "loss": {"normalize_reps": True, "loss_exp": 1.0},
        "model": {"model_name": "vit_giant_xformers", "pred_depth": 24, "pred_embed_dim": 1024, "pred_num_heads": 16, "pred_is_frame_causal": True, "use_extrinsics": False, "use_rope": True},
        "optimization": {"lr": 1},
    }) == wanted
    assert overrides({"encoder": {"depth": 2, "num_heads": 4, "embed_dim": 48}, "predictor": {"depth": 3, "num_heads": 2, "embed_dim": 48, "predictor_embed_dim": 32, "mlp_ratio": 4}}) == {
        "depth": 2, "heads": 4, "width": 48, "predictor_depth": 3, "predictor_heads": 2, "predictor_width": 32}


def test_a_configuration_as_yaml(tmp_path, monkeypatch):
    pytest.importorskip("yaml")
    (tmp_path / "c.yaml").write_text("model:\n  pred_depth: 2\n  use_extrinsics: true\ndata:\n  crop_size: 16\nencoder: {num_heads: 2}\n")
    assert read_config(tmp_path / "c.yaml") == {"predictor_depth": 2, "use_extrinsics": True, "image_size": 16, "heads": 2}
    (tmp_path / "c.yaml").write_text("a: [1")
    with pytest.raises(ValueError, match="c.yaml is not YAML"):
        read_config(tmp_path / "c.yaml")


def test_without_the_package_for_yaml_a_line_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    (tmp_path / "c.yml").write_text("depth: 2")
    with pytest.raises(ValueError, match="c.yml is YAML, which needs the package PyYAML: install it, or write the file as JSON"):
        read_config(tmp_path / "c.yml")


def test_roll_outs_that_the_model_has_not(tmp_path):
    _, predictor, _, _ = tiny(tmp_path)
    for horizon in (0, 5):
        with pytest.raises(ValueError, match=f"horizon is {horizon}: must be from 1 to 4"):
            RolloutGraph(predictor, horizon)
    with pytest.raises(ValueError, match="this predictor takes none"):
        RolloutGraph(predictor, 2, EXTRINSICS)
    _, predictor, _, _ = tiny(tmp_path, {"use_extrinsics": True})
    with pytest.raises(ValueError, match="give --extrinsics"):
        RolloutGraph(predictor, 2)
