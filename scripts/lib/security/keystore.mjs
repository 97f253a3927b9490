import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { SetupError } from "../shell.mjs";
import { governanceXml, permissionsXml } from "./documents.mjs";
import { makeAuthority, makeCertificate, makeKey, requireOpenssl, sign } from "./openssl.mjs";

/** What a key store consists of, as `ros2 security` makes it. */
const PARTS = ["public", "private", "enclaves"];
const DAY_MS = 86_400_000;
/**
 * Fast DDS sends the permissions within one message of the handshake; with long ones nobody is let in, and only its log says so
 * ("Cannot serialize ParticipantGenericMessage"). With Fast DDS 3.2.2 4107 bytes went through and 6857 did not.
 */
const LARGEST_PERMISSIONS_BYTES = 4500;

/**
 * Makes a whole SROS2 key store: one authority for identities and permissions, the signed governance, and per enclave a key, a
 * certificate and its signed permissions.
 *
 * An enclave's folder holds copies and no links, so that it can be brought to a machine by itself; private/ must stay where it is.
 * It is made beside and moved to its place when it is whole.
 *
 * @param enclaves as readPolicy gives them. @param force makes it anew where a key store is; other files beside it stay.
 * @throws SetupError with one line.
 */
export function makeKeystore(folder, enclaves, { domain, days, force }) {
  const present = entriesOf(folder);
  if (present.length > 0 && !force) {
    throw new SetupError(`${folder} is not empty (${present.slice(0, 3).join(", ")}${present.length > 3 ? ", …" : ""}): name another folder, or make its key store anew with --force`);
  }
  requireOpenssl();
  const made = `${folder}.${process.pid}.part`;
  const before = process.umask(0o077);
  try {
    mkdirSync(dirname(folder), { recursive: true });
    build(made, enclaves, { domain, days });
    mkdirSync(folder, { recursive: true });
    for (const part of PARTS) {
      rmSync(join(folder, part), { recursive: true, force: true });
      renameSync(join(made, part), join(folder, part));
    }
  } catch (error) {
    if (error instanceof SetupError || error.code === undefined) {
      throw error;
    }
    throw new SetupError(`cannot write the key store ${folder}: ${error.message}`);
  } finally {
    process.umask(before);
    if (existsSync(made)) {
      rmSync(made, { recursive: true, force: true });
    }
  }
}

function build(root, enclaves, { domain, days }) {
  const at = (...names) => join(root, ...names);
  for (const part of PARTS) {
    mkdirSync(at(part), { recursive: true });
  }
  const authority = { key: at("private", "ca.key.pem"), certificate: at("public", "ca.cert.pem") };
  makeKey(authority.key);
  makeAuthority({ subject: "jepa_mpc CA", ...authority, days });
  for (const role of ["identity_ca", "permissions_ca"]) {
    symlinkSync(basename(authority.key), at("private", `${role}.key.pem`));
    symlinkSync(basename(authority.certificate), at("public", `${role}.cert.pem`));
  }

  const governance = at("enclaves", "governance.p7s");
  writeAndSign(at("enclaves", "governance.xml"), governanceXml(domain), governance, authority);

  // The permissions begin a day early: clocks of machines differ.
  const validity = { domain, from: new Date(Date.now() - DAY_MS), until: new Date(Date.now() + days * DAY_MS) };
  for (const enclave of enclaves) {
    const folder = at("enclaves", ...enclave.path.split("/").filter((name) => name !== ""));
    mkdirSync(folder, { recursive: true });
    const key = join(folder, "key.pem");
    makeKey(key);
    makeCertificate({ subject: enclave.path, key, certificate: join(folder, "cert.pem"), authority, days });
    const permissions = join(folder, "permissions.p7s");
    writeAndSign(join(folder, "permissions.xml"), permissionsXml(enclave, validity), permissions, authority);
    const { size } = statSync(permissions);
    if (size > LARGEST_PERMISSIONS_BYTES) {
      throw new SetupError(`the permissions of ${enclave.path} have ${size} bytes, and above ${LARGEST_PERMISSIONS_BYTES} Fast DDS may let nobody in: use wildcards in the policy, such as ~/*`);
    }
    copyFileSync(authority.certificate, join(folder, "identity_ca.cert.pem"));
    copyFileSync(authority.certificate, join(folder, "permissions_ca.cert.pem"));
    copyFileSync(governance, join(folder, "governance.p7s"));
  }
}

function writeAndSign(document, text, signed, authority) {
  writeFileSync(document, text);
  sign({ document, signed, authority });
}

function entriesOf(folder) {
  if (!existsSync(folder)) {
    return [];
  }
  if (!statSync(folder).isDirectory()) {
    throw new SetupError(`${folder} is a file, not a folder`);
  }
  return readdirSync(folder).sort();
}
