/**
 * As much of the protobuf wire format as an ONNX file needs (protobuf.dev, "Encoding"): no schema, no groups.
 * A benchmark is no reason for a dependency.
 */

/** One field of a message. */
export interface Field {
  readonly number: number;
  /** Varints (below 2^53; larger ones lose their last bits) as numbers, everything else as bytes. */
  readonly value: number | Uint8Array;
}

/**
 * The fields of a message, in order.
 * @throws RangeError when the bytes end in the middle of a field or use a wire type that is not known.
 */
export function readFields(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) {
        throw new RangeError("protobuf message ends inside a number");
      }
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        return value;
      }
    }
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) {
      throw new RangeError(`protobuf field of ${length} bytes goes beyond the message`);
    }
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0: fields.push({ number, value: varint() }); break;
      case 1: fields.push({ number, value: take(8) }); break;
      case 2: fields.push({ number, value: take(varint()) }); break;
      case 5: fields.push({ number, value: take(4) }); break;
      default: throw new RangeError(`protobuf wire type ${tag % 8} is not known`);
    }
  }
  return fields;
}

/** A message out of fields: whole numbers of at least 0 as varints, text as UTF-8, bytes (messages too) as they are. */
export function writeFields(...fields: readonly (readonly [number: number, value: number | string | Uint8Array])[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [number, value] of fields) {
    if (typeof value === "number") {
      parts.push(varintBytes(number * 8), varintBytes(value));
    } else {
      const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
      parts.push(varintBytes(number * 8 + 2), varintBytes(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

function varintBytes(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
    bytes.push((rest % 0x80) + 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
