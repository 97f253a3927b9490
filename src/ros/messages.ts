import type { RosTime } from "./rclnodejs.js";

/** The messages and services the nodes speak, as rclnodejs hands them over and takes them: plain objects. */

export interface Header {
  stamp: RosTime;
  frame_id: string;
}

/** sensor_msgs/msg/Image. `data` of a *received* message lies in memory that is freed with the message: copy it at once. */
export interface ImageMessage {
  header: Header;
  height: number;
  width: number;
  encoding: string;
  is_bigendian: number;
  step: number;
  data: Uint8Array;
}

/** sensor_msgs/msg/CameraInfo. */
export interface CameraInfoMessage {
  header: Header;
  height: number;
  width: number;
  distortion_model: string;
  d: Float64Array;
  k: Float64Array;
  r: Float64Array;
  p: Float64Array;
  binning_x: number;
  binning_y: number;
  roi: { x_offset: number; y_offset: number; height: number; width: number; do_rectify: boolean };
}

/** sensor_msgs/msg/JointState. */
export interface JointStateMessage {
  header: Header;
  name: string[];
  position: Float64Array | number[];
  velocity: Float64Array | number[];
  effort: Float64Array | number[];
}

export interface JointTrajectoryPointMessage {
  positions: Float64Array | number[];
  velocities: Float64Array | number[];
  accelerations: Float64Array | number[];
  effort: Float64Array | number[];
  time_from_start: RosTime;
}

/** trajectory_msgs/msg/JointTrajectory. */
export interface JointTrajectoryMessage {
  header: Header;
  joint_names: string[];
  points: JointTrajectoryPointMessage[];
}

/** std_msgs/msg/Float64MultiArray. */
export interface Float64MultiArrayMessage {
  layout: { dim: { label: string; size: number; stride: number }[]; data_offset: number };
  data: Float64Array | number[];
}

export interface BoolMessage {
  readonly data: boolean;
}

export interface Float64Message {
  data: number;
}

export interface StringMessage {
  data: string;
}

export interface ClockMessage {
  clock: RosTime;
}

export interface KeyValue {
  key: string;
  value: string;
}

/** diagnostic_msgs/msg/DiagnosticStatus; level is a byte: 0 OK, 1 WARN, 2 ERROR, 3 STALE. */
export interface DiagnosticStatusMessage {
  level: number;
  name: string;
  message: string;
  hardware_id: string;
  values: KeyValue[];
}

export interface DiagnosticArrayMessage {
  header: Header;
  status: DiagnosticStatusMessage[];
}

export interface TriggerRequest {
  readonly structure_needs_at_least_one_member?: number;
}

export interface SetBoolRequest {
  data: boolean;
}

/** Response of std_srvs/srv/Trigger and SetBool. */
export interface DoneResponse {
  success: boolean;
  message: string;
}

/** sensor_msgs/msg/CompressedImage. `data` of a *received* message is freed with the message, as an Image's is. */
export interface CompressedImageMessage {
  header: Header;
  format: string;
  data: Uint8Array;
}

export interface PointMessage {
  x: number;
  y: number;
  z: number;
}

export interface QuaternionMessage extends PointMessage {
  w: number;
}

export interface PoseMessage {
  position: PointMessage;
  orientation: QuaternionMessage;
}

/** geometry_msgs/msg/PoseStamped. */
export interface PoseStampedMessage {
  header: Header;
  pose: PoseMessage;
}

/** geometry_msgs/msg/TransformStamped. */
export interface TransformMessage {
  header: Header;
  child_frame_id: string;
  transform: { translation: PointMessage; rotation: QuaternionMessage };
}

/** tf2_msgs/msg/TFMessage. */
export interface TransformsMessage {
  transforms: TransformMessage[];
}

/** std_msgs/msg/ColorRGBA, 0 to 1. */
export interface ColourMessage {
  r: number;
  g: number;
  b: number;
  a: number;
}

/** visualization_msgs/msg/Marker. */
export interface MarkerMessage {
  header: Header;
  ns: string;
  id: number;
  type: number;
  action: number;
  pose: PoseMessage;
  scale: PointMessage;
  color: ColourMessage;
  lifetime: RosTime;
  frame_locked: boolean;
  points: PointMessage[];
  colors: ColourMessage[];
  texture_resource: string;
  texture: CompressedImageMessage;
  uv_coordinates: { u: number; v: number }[];
  text: string;
  mesh_resource: string;
  mesh_file: { filename: string; data: Uint8Array };
  mesh_use_embedded_materials: boolean;
}

/** visualization_msgs/msg/MarkerArray. */
export interface MarkerArrayMessage {
  markers: MarkerMessage[];
}

/** Goal of jepa_mpc_msgs/action/ReachGoalImage; the file in msgs/ says what is in it. */
export interface ReachGoalImageGoal {
  readonly goal_names: readonly string[];
  readonly images: readonly ImageMessage[];
  readonly compressed_images: readonly CompressedImageMessage[];
  readonly tolerance: number;
  readonly timeout: RosTime;
  /** Float64Array or plain numbers. */
  readonly tolerances?: ArrayLike<number>;
  readonly grippers?: readonly string[];
  readonly latent_names?: readonly string[];
  /** A row for each name; of a received goal a Float32Array that is freed when the callback returns. */
  readonly latents?: ArrayLike<number>;
  readonly encoder_sha256?: string;
}

export interface ReachGoalImageResult {
  error_code: number;
  error_msg: string;
  final_energy: number;
  steps: number;
  duration: RosTime;
}

export interface ReachGoalImageFeedback {
  energy: number;
  energy_share: number;
  sub_goal: number;
  sub_goal_count: number;
  steps: number;
  plan_age_s: number;
  solve_time_s: number;
  state: string;
  sentence: string;
}

/** rcl_interfaces/msg/Log, as nodes write it to /rosout. */
export interface LogRecordMessage {
  level: number;
  name: string;
  msg: string;
}

/** rcl_interfaces/msg/ParameterEvent, as far as it is read. */
export interface ParameterEventMessage {
  node: string;
}

export const TYPES = {
  cameraInfo: "sensor_msgs/msg/CameraInfo",
  compressedImage: "sensor_msgs/msg/CompressedImage",
  reachGoalImage: "jepa_mpc_msgs/action/ReachGoalImage",
  clock: "rosgraph_msgs/msg/Clock",
  diagnosticArray: "diagnostic_msgs/msg/DiagnosticArray",
  diagnosticStatus: "diagnostic_msgs/msg/DiagnosticStatus",
  bool: "std_msgs/msg/Bool",
  float64: "std_msgs/msg/Float64",
  float64MultiArray: "std_msgs/msg/Float64MultiArray",
  image: "sensor_msgs/msg/Image",
  jointState: "sensor_msgs/msg/JointState",
  jointTrajectory: "trajectory_msgs/msg/JointTrajectory",
  log: "rcl_interfaces/msg/Log",
  parameterEvent: "rcl_interfaces/msg/ParameterEvent",
  markerArray: "visualization_msgs/msg/MarkerArray",
  poseStamped: "geometry_msgs/msg/PoseStamped",
  transforms: "tf2_msgs/msg/TFMessage",
  setBool: "std_srvs/srv/SetBool",
  string: "std_msgs/msg/String",
  trigger: "std_srvs/srv/Trigger",
} as const;
