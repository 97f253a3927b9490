/** The fields of the ROS 2 messages that episodes are made of. The library writes a sequence of numbers only from an array of just its type. */
export interface StampedHeader {
  readonly stamp: { readonly sec: number; readonly nanosec: number };
  readonly frame_id: string;
}

export interface CompressedImageMessage {
  readonly header: StampedHeader;
  readonly format: string;
  readonly data: Uint8Array;
}

export interface JointStateMessage {
  readonly header: StampedHeader;
  readonly name: readonly string[];
  readonly position: Float64Array;
  readonly velocity: Float64Array;
  readonly effort: Float64Array;
}

export interface MultiArrayMessage<Data extends Float32Array | Float64Array> {
  readonly layout: {
    readonly dim: readonly { readonly label: string; readonly size: number; readonly stride: number }[];
    readonly data_offset: number;
  };
  readonly data: Data;
}

export interface DiagnosticStatusMessage {
  readonly level: number;
  readonly name: string;
  readonly message: string;
  readonly hardware_id: string;
  readonly values: readonly { readonly key: string; readonly value: string }[];
}
