import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SetupError } from "../shell.mjs";

/** Fails early, in one line, where there is no openssl command. */
export function requireOpenssl() {
  openssl(["version"]);
}

/** An ECDSA key on P-256, as DDS Security 1.1 (9.3.1) asks. The umask says who may read it. */
export function makeKey(file) {
  openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:named_curve", "-out", file]);
}

/** @param subject common name; a CA signs itself. */
export function makeAuthority({ subject, key, certificate, days }) {
  withConfiguration(subject, (configuration) => {
    openssl(["req", "-new", "-x509", "-sha256", "-config", configuration, "-extensions", "authority", "-key", key, "-days", String(days), "-out", certificate]);
  });
}

export function makeCertificate({ subject, key, certificate, authority, days }) {
  withConfiguration(subject, (configuration, folder) => {
    const request = join(folder, "request.pem");
    openssl(["req", "-new", "-sha256", "-config", configuration, "-key", key, "-out", request]);
    openssl(["x509", "-req", "-sha256", "-in", request, "-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial", "-CAserial", join(folder, "serial"),
      "-days", String(days), "-extfile", configuration, "-extensions", "member", "-out", certificate]);
  });
}

/** Signs a document as S/MIME with the text in the clear, which is how DDS Security 1.1 (9.4.1) wants it. */
export function sign({ document, signed, authority }) {
  openssl(["smime", "-sign", "-text", "-md", "sha256", "-in", document, "-out", signed, "-signer", authority.certificate, "-inkey", authority.key]);
}

function withConfiguration(subject, use) {
  const folder = mkdtempSync(join(tmpdir(), "jepa-mpc-openssl-"));
  try {
    const file = join(folder, "openssl.cnf");
    // A file of its own: the slashes of a subject given as an argument would be taken for separators, and the system's own
    // configuration says things of its own.
    writeFileSync(file, `[req]
prompt = no
utf8 = yes
distinguished_name = name
[name]
CN = ${subject}
[authority]
basicConstraints = critical, CA:TRUE, pathlen:1
[member]
basicConstraints = CA:FALSE
`);
    use(file, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function openssl(args) {
  const result = spawnSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  if (result.error?.code === "ENOENT") {
    throw new SetupError("the openssl command is not there: install it (Debian, Ubuntu: apt-get install openssl)");
  }
  if (result.error !== undefined || result.status !== 0) {
    const lines = (result.stderr ?? "").split("\n").filter((line) => line.trim() !== "");
    throw new SetupError(`openssl ${args[0]} failed: ${result.error?.message ?? lines.at(-1) ?? `exit ${result.status ?? result.signal}`}`);
  }
}
