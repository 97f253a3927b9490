/** Where an inference server listens. */
export interface ServerAddress {
  /** As it was given, for messages. */
  readonly text: string;
  /** `host:port` */
  readonly target: string;
  readonly tls: boolean;
}

/**
 * Reads an address. Pictures and plans are the robot's: they leave this machine encrypted unless that is waived.
 *
 * @throws RangeError, one line: what was given and what to give instead.
 */
export function parseServerAddress(text: string, { allowPlainText = false }: { readonly allowPlainText?: boolean | undefined } = {}): ServerAddress {
  const parts = /^(grpcs?):\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?):(\d{1,5})$/.exec(text);
  const port = Number(parts?.[3]);
  if (parts === null || !(port >= 1 && port <= 65535)) {
    throw new RangeError(`inference server ${JSON.stringify(text)} is no address: give grpc://host:port, or grpcs://host:port for TLS`);
  }
  const [, scheme, host] = parts as unknown as [string, string, string];
  const tls = scheme === "grpcs";
  if (!tls && !allowPlainText && !isLoopback(host)) {
    throw new RangeError(`inference server ${text} is on another machine, and grpc:// is not encrypted: give grpcs://, or allow plain text (inference_insecure, --inference-insecure)`);
  }
  return { text, target: `${host}:${port}`, tls };
}

function isLoopback(host: string): boolean {
  return host.toLowerCase() === "localhost" || /^127\.\d+\.\d+\.\d+$/.test(host) || host === "[::1]";
}
