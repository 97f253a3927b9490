"""Somebody who looks at the pictures of a plan. JSON lines in and out (bench/ros/json_lines.py); stranger.ts starts it."""

import base64

import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from json_lines import obey_lines, say
from message_parts import LATCHED
from sensor_msgs.msg import CompressedImage, Image
from visualization_msgs.msg import MarkerArray

TOPICS = {}
rclpy.init()
node = rclpy.create_node("viewer")


def on_candidates(m):
    say(
        "candidates",
        frames=sorted({k.header.frame_id for k in m.markers}),
        stamps=sorted({k.header.stamp.sec + k.header.stamp.nanosec * 1e-9 for k in m.markers}),
        markers={
            k.ns: {
                "type": k.type,
                "action": k.action,
                "points": [[p.x, p.y, p.z] for p in k.points],
                "colors": len(k.colors),
                "position": [k.pose.position.x, k.pose.position.y, k.pose.position.z],
                "lifetime": k.lifetime.sec,
            }
            for k in m.markers
        },
    )


def on_overlay(m):
    stamp = m.header.stamp.sec + m.header.stamp.nanosec * 1e-9
    say("overlay", width=m.width, height=m.height, encoding=m.encoding, step=m.step, bytes=len(m.data), frame=m.header.frame_id, stamp=stamp, colours=len(set(bytes(m.data[i : i + 3]) for i in range(0, len(m.data), 3))))


def on_compressed(m):
    say("compressed", format=m.format, jpeg=base64.b64encode(bytes(m.data)).decode(), frame=m.header.frame_id)


def on_pose(m):
    p, q = m.pose.position, m.pose.orientation
    say("camera_pose", frame=m.header.frame_id, position=[p.x, p.y, p.z], quaternion=[q.x, q.y, q.z, q.w])


KINDS = {
    "candidates": (MarkerArray, "/jepa_mpc/candidates", on_candidates, 10),
    "overlay": (Image, "/jepa_mpc/overlay", on_overlay, 10),
    "compressed": (CompressedImage, "/jepa_mpc/overlay/compressed", on_compressed, 10),
    "camera_pose": (PoseStamped, "/jepa_mpc/camera_pose", on_pose, LATCHED),
}
node.create_subscription(DiagnosticStatus, "/jepa_mpc/status", lambda m: say("status", message=m.message, values={v.key: v.value for v in m.values}), 10)


def obey(command):
    what = command["do"]
    if what == "look":
        kind, topic, callback, qos = KINDS[command["at"]]
        TOPICS[command["at"]] = node.create_subscription(kind, topic, callback, qos)
    elif what == "look away":
        node.destroy_subscription(TOPICS.pop(command["at"]))


obey_lines(node, obey)
