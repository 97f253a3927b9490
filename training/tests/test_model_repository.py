"""The repository that servers read: what is in it, that it parses, and that nothing is left of one that cannot be written."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import onnx
import onnxruntime
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from onnx import TensorProto, helper

from bundle.pbtxt import Enum, text
from model_repository import Options, main, served_name, served_version, write_repository

ROOT = Path(__file__).parents[2]
TINY = ROOT / "test" / "fixtures" / "tiny-bundle"
SHIPPED = ROOT / "models" / "arm-objects-jepa"


@pytest.fixture(scope="module")
def model_config():
    """Triton's ModelConfig, as much of it as is written: names and types of its fields."""
    F = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="model_config.proto", package="inference", syntax="proto3")
    for name, values in (("DataType", ["TYPE_INVALID", "TYPE_UINT8", "TYPE_FP32"]), ("Kind", ["KIND_AUTO", "KIND_GPU", "KIND_CPU"])):
        enum = file.enum_type.add(name=name)
        for number, value in enumerate(values):
            enum.value.add(name=value, number=number)
    messages = {
        "Input": [("name", F.TYPE_STRING, False, ""), ("data_type", F.TYPE_ENUM, False, "DataType"), ("dims", F.TYPE_INT64, True, "")],
        "Specific": [("versions", F.TYPE_INT64, True, "")],
        "Policy": [("specific", F.TYPE_MESSAGE, False, "Specific")],
        "Group": [("count", F.TYPE_INT32, False, ""), ("kind", F.TYPE_ENUM, False, "Kind")],
        "Text": [("string_value", F.TYPE_STRING, False, "")],
        # A map is a list of these on the wire and in text.
        "Parameter": [("key", F.TYPE_STRING, False, ""), ("value", F.TYPE_MESSAGE, False, "Text")],
        "ModelConfig": [("name", F.TYPE_STRING, False, ""), ("backend", F.TYPE_STRING, False, ""), ("max_batch_size", F.TYPE_INT32, False, ""),
                        ("default_model_filename", F.TYPE_STRING, False, ""), ("input", F.TYPE_MESSAGE, True, "Input"), ("output", F.TYPE_MESSAGE, True, "Input"),
                        ("version_policy", F.TYPE_MESSAGE, False, "Policy"), ("instance_group", F.TYPE_MESSAGE, True, "Group"), ("parameters", F.TYPE_MESSAGE, True, "Parameter")],
    }
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for number, (field, kind, repeated, of) in enumerate(fields, 1):
            message.field.add(name=field, number=number, type=kind, label=F.LABEL_REPEATED if repeated else F.LABEL_OPTIONAL, type_name=f".inference.{of}" if of else None)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    cls = message_factory.GetMessageClass(pool.FindMessageTypeByName("inference.ModelConfig"))
    return lambda source: text_format.Parse(source, cls())


# test/world-model/served-model.test.ts has the same numbers.
def test_names_and_versions():
    assert served_name("arm objects/jepa", "rollout.onnx") == "arm-objects-jepa-rollout"
    assert served_version("00000000002a" + "f" * 52) == 2**48 + 42
    assert served_version("ffffffffffff" + "0" * 52) == 2**49 - 1


@pytest.mark.parametrize("bundle", [TINY, SHIPPED], ids=lambda bundle: bundle.name)
def test_the_repository_has_each_graph_as_it_is(tmp_path, model_config, bundle):
    out = tmp_path / "repository"
    manifest = json.loads((bundle / "manifest.json").read_text())
    models = write_repository(bundle, out, Options(device="gpu", instances=3, threads=2))
    assert sorted(path.name for path in out.iterdir()) == sorted([*(model["name"] for model in models), "settings.json", "jepa-mpc-repository.json"])
    assert json.loads((out / "jepa-mpc-repository.json").read_text())["models"] == models
    for file, model in zip(manifest["files"], models, strict=True):
        folder = out / f"{manifest['name']}-{Path(file).stem}"
        version = served_version(manifest["files"][file]["sha256"])
        assert model == {"name": folder.name, "version": str(version), "sha256": manifest["files"][file]["sha256"]}
        assert (folder / str(version) / "model.onnx").read_bytes() == (bundle / file).read_bytes()

        config = model_config((folder / "config.pbtxt").read_text())
        assert (config.name, config.backend, config.max_batch_size, config.default_model_filename) == (folder.name, "onnxruntime", 0, "model.onnx")
        assert list(config.version_policy.specific.versions) == [version]
        assert [(group.count, group.kind) for group in config.instance_group] == [(3, 1)]
        parameters = {entry.key: entry.value.string_value for entry in config.parameters}
        assert parameters == {"intra_op_thread_count": "2", "inter_op_thread_count": "1", "sha256": manifest["files"][file]["sha256"]}
        settings = json.loads((folder / "model-settings.json").read_text())
        assert settings["name"] == folder.name and settings["parameters"]["version"] == str(version) and settings["versions"] == [str(version)]
        assert settings["parameters"]["uri"] == f"./{version}/model.onnx"
        assert settings["parameters"]["extra"] == {"sha256": manifest["files"][file]["sha256"], "threads": 2}
        assert (folder / "onnx_model.py").read_text() == (ROOT / "remote" / "onnx_model.py").read_text()

        session = onnxruntime.InferenceSession(bundle / file, providers=["CPUExecutionProvider"])
        for present, triton, mlserver in ((session.get_inputs(), config.input, settings["inputs"]), (session.get_outputs(), config.output, settings["outputs"])):
            wanted = [(tensor.name, {"tensor(float)": "FP32", "tensor(uint8)": "UINT8"}[tensor.type], [size if isinstance(size, int) else -1 for size in tensor.shape]) for tensor in present]
            assert [(tensor.name, {1: "UINT8", 2: "FP32"}[tensor.data_type], list(tensor.dims)) for tensor in triton] == wanted
            assert [(tensor["name"], tensor["datatype"], tensor["shape"]) for tensor in mlserver] == wanted


def test_a_triton_without_a_backend_for_onnx_runtime_is_given_python(tmp_path, model_config):
    models = write_repository(TINY, tmp_path / "repository", Options(backend="python"))
    for model in models:
        folder = tmp_path / "repository" / model["name"]
        config = model_config((folder / "config.pbtxt").read_text())
        assert (config.backend, config.default_model_filename) == ("python", "model.py")
        assert sorted(path.name for path in (folder / model["version"]).iterdir()) == ["model.onnx", "model.py"]
        assert (folder / model["version"] / "model.py").read_text() == (ROOT / "remote" / "triton_model.py").read_text()


def test_a_repository_is_replaced_and_nothing_else_is(tmp_path, capsys):
    out = tmp_path / "repository"
    write_repository(SHIPPED, out)
    write_repository(TINY, out)
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == ["tiny-encoder", "tiny-rollout"]
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "settings.json").write_text("{}")
    assert main(["--bundle", str(TINY), "--out", str(mine)]) == 1
    assert "mine is there and is no model repository: give another folder" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "repository"]


def copy(tmp_path: Path, change=lambda manifest, bundle: None) -> Path:
    bundle = tmp_path / "bundle"
    shutil.copytree(TINY, bundle)
    manifest = json.loads((bundle / "manifest.json").read_text())
    change(manifest, bundle)
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    return bundle


def put(manifest: dict, bundle: Path, file: str, model: onnx.ModelProto) -> None:
    (bundle / file).write_bytes(model.SerializeToString())
    manifest["files"][file]["sha256"] = hashlib.sha256(model.SerializeToString()).hexdigest()


# How many columns are left shows only at run time.
COMPRESSED = [helper.make_node("Constant", [], ["kept"], value=helper.make_tensor("v", TensorProto.BOOL, [2], [True, False])),
              helper.make_node("Compress", ["a", "kept"], ["b"], axis=1)]


def graph(element: int = TensorProto.FLOAT, claimed: list[int | str] = ["n", 2], nodes: list[onnx.NodeProto] = [helper.make_node("Identity", ["a"], ["b"])]) -> onnx.ModelProto:
    made = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("a", element, ["n", 2])], [helper.make_tensor_value_info("b", element, claimed)])
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


@pytest.mark.parametrize(("change", "message"), [
    (lambda manifest, bundle: (bundle / "rollout.onnx").unlink(), r"rollout\.onnx cannot be read \(No such file or directory\)"),
    (lambda manifest, bundle: (bundle / "rollout.onnx").write_bytes(b"x"), r"rollout\.onnx has the SHA-256 2d711642\w+, the manifest says \w+: copy or export the bundle again"),
    (lambda manifest, bundle: manifest.pop("files"), "lists no name, encoder.onnx and rollout.onnx"),
    (lambda manifest, bundle: manifest["files"]["rollout.onnx"].update(side_files=[{"name": "rollout.weights", "bytes": 1, "sha256": "0" * 64}]),
     r"rollout\.onnx keeps weights in side files, which a repository cannot hold: export the bundle with --precision fp16"),
    (lambda manifest, bundle: manifest["files"].update({"../x.onnx": manifest["files"]["encoder.onnx"]}), "lists no name"),
    (lambda manifest, bundle: put(manifest, bundle, "rollout.onnx", graph(TensorProto.DOUBLE)), r"rollout\.onnx: a is tensor\(double\): a bundle has float and uint8 tensors"),
    (lambda manifest, bundle: put(manifest, bundle, "rollout.onnx", graph(nodes=[helper.make_node("Nothing", ["a"], ["b"])])), r"rollout\.onnx cannot be loaded \(.*Nothing.*\): export"),
    (lambda manifest, bundle: put(manifest, bundle, "rollout.onnx", graph(claimed=["n", 3], nodes=COMPRESSED)), r"rollout\.onnx: output b says \[-1, 3\] and gives \[1, 1\]"),
])
def test_a_bundle_that_does_not_hold_what_it_says_leaves_nothing(tmp_path, capsys, change, message):
    bundle = copy(tmp_path, change)
    with pytest.raises(ValueError, match=message):
        write_repository(bundle, tmp_path / "repository")
    assert main(["--bundle", str(bundle), "--out", str(tmp_path / "repository")]) == 1
    err = capsys.readouterr().err
    assert err.startswith("model_repository: ") and err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_repository_that_is_there_outlives_one_that_cannot_be_written(tmp_path):
    out = tmp_path / "repository"
    write_repository(TINY, out)
    before = sorted(path.relative_to(out) for path in out.rglob("*"))
    with pytest.raises(ValueError, match="cannot be read"):
        write_repository(copy(tmp_path, lambda manifest, bundle: (bundle / "encoder.onnx").unlink()), out)
    assert sorted(path.relative_to(out) for path in out.rglob("*")) == before


def test_command_line(tmp_path, capsys):
    assert main(["--bundle", str(TINY), "--out", str(tmp_path / "r"), "--host", "0.0.0.0"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert json.loads((tmp_path / "r" / "settings.json").read_text())["host"] == "0.0.0.0"
    assert main(["--bundle", str(TINY), "--out", str(tmp_path / "s"), "--threads", "0"]) == 1
    assert "--threads is 0: must be at least 1" in capsys.readouterr().err
    assert main(["--bundle", str(tmp_path / "none"), "--out", str(tmp_path / "s")]) == 1
    assert "give the folder of a bundle" in capsys.readouterr().err


def test_text_format():
    assert text({"a": 'x"\\\n', "b": [1, -2], "c": {"d": Enum("E"), "e": True}, "f": [{"g": 1}, {"g": 2}], "h": []}) == (
        'a: "x\\"\\\\\\n"\nb: [1, -2]\nc {\n  d: E\n  e: true\n}\nf {\n  g: 1\n}\nf {\n  g: 2\n}\nh: []\n')
