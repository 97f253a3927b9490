import type { RgbImage } from "../../src/camera/types.js";
import type { CameraInfoMessage, Header, ImageMessage } from "../../src/ros/messages.js";

/** Pinhole intrinsics, pixels. */
export interface Intrinsics {
  readonly fx: number;
  readonly fy: number;
  readonly cx: number;
  readonly cy: number;
}

/** sensor_msgs/Image, rgb8. */
export function rgbMessage(image: RgbImage, header: Header): ImageMessage {
  return message(header, image.width, image.height, "rgb8", 3, image.data);
}

/** sensor_msgs/Image, 32FC1: metres. */
export function depthMessage(depth: Float32Array, width: number, height: number, header: Header): ImageMessage {
  return message(header, width, height, "32FC1", 4, new Uint8Array(depth.buffer, depth.byteOffset, depth.byteLength));
}

/** sensor_msgs/Image, 16UC1: body number + 1, 0 where nothing is hit. */
export function segmentationMessage(bodies: Int32Array, width: number, height: number, header: Header): ImageMessage {
  const labels = Uint16Array.from(bodies, (body) => body + 1);
  return message(header, width, height, "16UC1", 2, new Uint8Array(labels.buffer));
}

/** sensor_msgs/CameraInfo of an ideal pinhole camera (plumb_bob, all zero). */
export function cameraInfoMessage({ fx, fy, cx, cy }: Intrinsics, width: number, height: number, header: Header): CameraInfoMessage {
  return {
    header, height, width,
    distortion_model: "plumb_bob",
    d: new Float64Array(5),
    k: Float64Array.of(fx, 0, cx, 0, fy, cy, 0, 0, 1),
    r: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1),
    p: Float64Array.of(fx, 0, cx, 0, 0, fy, cy, 0, 0, 0, 1, 0),
    binning_x: 0, binning_y: 0,
    roi: { x_offset: 0, y_offset: 0, height: 0, width: 0, do_rectify: false },
  };
}

function message(header: Header, width: number, height: number, encoding: string, bytesPerPixel: number, data: Uint8Array): ImageMessage {
  // rclnodejs sends a view from the start of its buffer: only a whole buffer goes out right.
  const whole = data.byteOffset === 0 && data.byteLength === data.buffer.byteLength ? data : data.slice();
  return { header, height, width, encoding, is_bigendian: 0, step: width * bytesPerPixel, data: whole };
}
