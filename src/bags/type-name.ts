/** A message type as ROS 2 has it ("sensor_msgs/msg/Image"), also for the short form ("sensor_msgs/Image"). */
export function fullTypeName(type: string): string {
  const parts = type.split("/");
  return parts.length === 2 ? `${parts[0]!}/msg/${parts[1]!}` : type;
}

/** The short form, which message definitions use among themselves. */
export function shortTypeName(type: string): string {
  const parts = type.split("/");
  return parts.length === 3 ? `${parts[0]!}/${parts[2]!}` : type;
}
