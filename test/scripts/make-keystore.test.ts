import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SKIP = spawnSync("openssl", ["version"]).status === 0 ? false : "the openssl command is not there";
const ENCLAVES = ["controller", "recorder", "simulator", "operator"];

const folder = mkdtempSync(join(tmpdir(), "jepa-mpc-keystore-"));
after(() => { rmSync(folder, { recursive: true, force: true }); });

function make(args: readonly string[], env: NodeJS.ProcessEnv = process.env): { readonly code: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "scripts", "make-keystore.mjs"), ...args], { encoding: "utf8", env });
  return { code: status, out: stdout, err: stderr };
}

function openssl(...args: string[]): { readonly ok: boolean; readonly out: string } {
  const { status, stdout, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  return { ok: status === 0, out: `${stdout}${stderr}` };
}

function refused(args: readonly string[], reason: RegExp, env?: NodeJS.ProcessEnv): void {
  const { code, err } = make(args, env);
  assert.equal(code, 1, err);
  assert.match(err, reason);
  assert.equal(err.trimEnd().split("\n").length, 1, err);
}

describe("the key store that the script makes", { skip: SKIP }, () => {
  const store = join(folder, "store");
  const enclave = (name: string, file: string): string => join(store, "enclaves", "jepa_mpc", name, file);

  before(() => {
    const made = make([store, "--domain", "42", "--days", "30"]);
    assert.equal(made.code, 0, made.err);
  });

  it("has certificates on P-256 that its authority signed, each with its own key", () => {
    for (const name of ENCLAVES) {
      const certificate = enclave(name, "cert.pem");
      assert.ok(openssl("verify", "-CAfile", enclave(name, "identity_ca.cert.pem"), certificate).ok);
      assert.match(openssl("x509", "-in", certificate, "-noout", "-subject", "-nameopt", "RFC2253").out, new RegExp(`subject=CN=/jepa_mpc/${name}$`, "m"));
      assert.match(openssl("x509", "-in", certificate, "-noout", "-text").out, /prime256v1/);
      assert.equal(openssl("x509", "-in", certificate, "-noout", "-pubkey").out, openssl("pkey", "-in", enclave(name, "key.pem"), "-pubout").out);
    }
    const keys = ENCLAVES.map((name) => readFileSync(enclave(name, "key.pem"), "utf8"));
    assert.equal(new Set(keys).size, ENCLAVES.length);
  });

  it("has documents whose signature holds, and no longer holds when a word is changed", () => {
    for (const name of ENCLAVES) {
      for (const file of ["permissions.p7s", "governance.p7s"]) {
        const verify = (signed: string) => openssl("smime", "-verify", "-text", "-in", signed, "-CAfile", enclave(name, "permissions_ca.cert.pem"));
        const good = verify(enclave(name, file));
        assert.ok(good.ok, good.out);
        assert.match(good.out, /<id>42<\/id>/);
        const forged = join(folder, `forged-${name}-${file}`);
        const text = readFileSync(enclave(name, file), "utf8");
        writeFileSync(forged, text.replace("<id>42</id>", "<id>43</id>"));
        assert.notEqual(readFileSync(forged, "utf8"), text);
        assert.ok(!verify(forged).ok, "a forged document");
      }
    }
  });

  it("keeps private keys to their owner", () => {
    for (const file of [...ENCLAVES.map((name) => enclave(name, "key.pem")), join(store, "private", "ca.key.pem")]) {
      assert.equal(statSync(file).mode & 0o777, 0o600, file);
    }
  });

  it("lets only the controller publish commands, and denies what is not named", () => {
    const text = (name: string): string => readFileSync(enclave(name, "permissions.xml"), "utf8");
    const publishes = (name: string): string => /<publish>.*<\/publish>/s.exec(text(name))![0];
    assert.match(publishes("controller"), /<topic>rt\/joint_trajectory_controller\/joint_trajectory<\/topic>/);
    assert.doesNotMatch(publishes("operator"), /_controller\//);
    assert.match(publishes("operator"), /<topic>rq\/jepa_mpc\/\*Request<\/topic>/);
    assert.match(publishes("operator"), /<topic>rq\/jepa_mpc\/reach_goal_image\/_action\/send_goalRequest<\/topic>/);
    for (const name of ENCLAVES) {
      assert.match(text(name), /<default>DENY<\/default>/);
      assert.doesNotMatch(text(name), /<topic>\*<\/topic>/);
    }
  });

  it("is refused where something is, and made anew with --force beside what is not its own", () => {
    refused([store], /is not empty \(enclaves, private, public\)/);
    writeFileSync(join(store, "notes.txt"), "mine");
    const before = readFileSync(enclave("controller", "key.pem"), "utf8");
    assert.equal(make([store, "--force"]).code, 0);
    assert.notEqual(readFileSync(enclave("controller", "key.pem"), "utf8"), before);
    assert.equal(readFileSync(join(store, "notes.txt"), "utf8"), "mine");
    assert.deepEqual(readdirSync(folder).filter((name) => name.endsWith(".part")), []);
  });
});

describe("what the script refuses in one line", { skip: SKIP }, () => {
  const policy = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  const of = (inside: string, path = "/a"): string =>
    `<policy version="0.2.0"><enclaves><enclave path="${path}"><profiles><profile ns="/" node="n">${inside}</profile></profiles></enclave></enclaves></policy>`;

  it("arguments", () => {
    refused([], /usage: /);
    refused([join(folder, "x"), "--domain", "233"], /--domain "233" is not a whole number from 0 to 232/);
    refused([join(folder, "x"), "--colour"], /--colour/);
  });

  it("policies", () => {
    const to = join(folder, "never");
    refused([to, "--policy", join(folder, "none.xml")], /cannot read the policy .*none\.xml: ENOENT/);
    refused([to, "--policy", policy("broken.xml", "<policy>")], /no XML/);
    refused([to, "--policy", policy("deny.xml", of("<topics publish=\"DENY\"><topic>x</topic></topics>"))], /@publish: only "ALLOW" is understood/);
    refused([to, "--policy", policy("name.xml", of("<topics publish=\"ALLOW\"><topic>a b</topic></topics>"))], /topic\.0: is not a ROS name/);
    refused([to, "--policy", policy("path.xml", of("<topics publish=\"ALLOW\"><topic>x</topic></topics>", "/../x"))], /is not an enclave's path/);
    assert.ok(!existsSync(to));
  });

  it("a machine without openssl", () => {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, "node"));
    refused([join(folder, "never")], /the openssl command is not there: install it/, { PATH: bin });
  });

  it("a place that cannot be written", () => {
    writeFileSync(join(folder, "file"), "");
    refused([join(folder, "file")], /is a file, not a folder/);
    refused([join(folder, "file", "store")], /cannot write the key store|is a file/);
  });
});
