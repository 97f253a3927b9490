import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface Socket {
  readonly protocol: string;
  /** As people write it: 127.0.0.1, ::1. */
  readonly address: string;
  readonly port: number;
}

/** The UDP and TCP sockets of a process with the addresses they are bound to, from /proc. */
export function socketsOf(pid: number): Socket[] {
  const inodes = new Set(readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.slice(1) ?? [];
    } catch {
      // Closed since the folder was read.
      return [];
    }
  }));
  return ["udp", "udp6", "tcp", "tcp6"].flatMap((protocol) =>
    readFileSync(`/proc/${pid}/net/${protocol}`, "utf8").trim().split("\n").slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => inodes.has(fields[9]!))
      .map((fields) => {
        const [address, port] = fields[1]!.split(":");
        return { protocol, address: readable(address!), port: Number.parseInt(port!, 16) };
      }));
}

/** The kernel writes addresses as 32-bit words, each with its bytes in the machine's order (little endian here). */
function readable(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)));
  if (bytes.length === 4) {
    return bytes.join(".");
  }
  const v4 = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (v4) {
    return bytes.slice(12).join(".");
  }
  return bytes.slice(0, 15).every((byte) => byte === 0) ? `::${bytes[15] === 0 ? "" : bytes[15]}` : Buffer.from(bytes).toString("hex");
}
