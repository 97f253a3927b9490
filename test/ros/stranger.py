"""A stranger on the graph: a fake robot with a camera, and somebody who asks. It shares no code with what it tests.

Commands come as JSON lines on stdin, what is seen goes as JSON lines to stdout.
"""

import json
import math
import os
import sys
import threading
import time
import traceback

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, GetParameters, SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Bool, Float64, Float64MultiArray, String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

JOINTS = [f"fr3_joint{i}" for i in range(1, 8)] + ["fr3_finger_joint1"]
READY = [0.0, -math.pi / 4, 0.0, -3 * math.pi / 4, 0.0, math.pi / 2, math.pi / 4, 0.04]
LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
SENSOR = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
PIXEL_BYTES = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "mono8": 1}


def say(event, **fields):
    def plain(value):
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
        if isinstance(value, list):
            return [plain(entry) for entry in value]
        if isinstance(value, dict):
            return {key: plain(entry) for key, entry in value.items()}
        return value

    sys.stdout.write(json.dumps({"event": event, "t": time.monotonic(), **{k: plain(v) for k, v in fields.items()}}) + "\n")
    sys.stdout.flush()


def level_of(status):
    return status.level[0] if isinstance(status.level, (bytes, bytearray)) else int(status.level)


class Stranger(Node):
    def __init__(self):
        super().__init__("stranger")
        self.joints = {"on": False, "nan": False, "names": list(JOINTS), "positions": list(READY)}
        self.camera = {"on": False, "encoding": "rgb8", "padding": 0, "age_s": 0.0, "seed": 0}
        self.image_pub = self.create_publisher(Image, "image", SENSOR)
        self.joint_pub = self.create_publisher(JointState, "joint_states", 10)
        self.goal_pub = self.create_publisher(Image, "/jepa_mpc/goal_image", LATCHED)
        self.name_pub = self.create_publisher(String, "/jepa_mpc/goal_name", 1)
        self.trajectory_pub = None
        self.positions_pub = None
        self.create_timer(0.05, self.publish_joints)
        self.create_timer(0.1, self.publish_image)
        self.create_subscription(DiagnosticStatus, "/jepa_mpc/status", self.on_status, 10)
        self.create_subscription(DiagnosticStatus, "/jepa_mpc/objective", self.on_objective, 10)
        self.create_subscription(DiagnosticArray, "/diagnostics", self.on_diagnostics, 10)
        self.create_subscription(JointTrajectory, "/joint_trajectory_controller/joint_trajectory", self.on_trajectory, 10)
        self.create_subscription(Float64MultiArray, "/forward_position_controller/commands", self.on_positions, 10)
        self.create_subscription(Float64MultiArray, "/jepa_mpc/plan", lambda m: say("plan", data=list(m.data), sizes=[d.size for d in m.layout.dim]), 10)
        self.create_subscription(Image, "/camera/image_raw", lambda m: say("sim_image", width=m.width, height=m.height, encoding=m.encoding, step=m.step, bytes=len(m.data), spread=max(m.data) - min(m.data), stamp=m.header.stamp.sec + m.header.stamp.nanosec * 1e-9), SENSOR)
        self.create_subscription(CameraInfo, "/camera/camera_info", lambda m: say("sim_camera_info", k=[float(v) for v in m.k], model=m.distortion_model), SENSOR)
        self.create_subscription(JointState, "/joint_states", self.on_joints, SENSOR)
        self.create_subscription(Image, "/jepa_mpc_simulator/task_goal_image", lambda m: say("task_goal", width=m.width, bytes=len(m.data)), LATCHED)
        self.create_subscription(Bool, "/jepa_mpc_simulator/task_success", lambda m: say("task_success", done=m.data), 10)
        self.create_subscription(Float64, "/jepa_mpc_simulator/task_distance", lambda m: say("task_distance", metres=m.data), 10)

    def on_status(self, m):
        say("status", level=level_of(m), name=m.name, message=m.message, values={v.key: v.value for v in m.values})

    def on_objective(self, m):
        say("objective", level=level_of(m), name=m.name, message=m.message, values={v.key: v.value for v in m.values})

    def on_diagnostics(self, m):
        say("diagnostics", names=[s.name for s in m.status], inputs={v.key: v.value for s in m.status if s.name.endswith("inputs") for v in s.values})

    def on_trajectory(self, m):
        points = [{"positions": list(p.positions), "velocities": list(p.velocities), "t": p.time_from_start.sec + p.time_from_start.nanosec * 1e-9} for p in m.points]
        say("trajectory", names=list(m.joint_names), points=points)
        if points and self.joints["on"] and set(m.joint_names) == set(JOINTS):
            # The fake robot is there at once, which is more than any robot can.
            self.joints["positions"] = [points[0]["positions"][list(m.joint_names).index(name)] for name in JOINTS]

    def on_positions(self, m):
        say("positions", data=list(m.data))
        if self.joints["on"]:
            self.joints["positions"] = list(m.data)

    def on_joints(self, m):
        if not self.joints["on"]:
            say("sim_joints", names=list(m.name), positions=list(m.position))

    def publish_joints(self):
        if not self.joints["on"]:
            return
        m = JointState()
        m.header.stamp = self.get_clock().now().to_msg()
        # Another order than the controller's, and joints it does not know.
        m.name = ["wheel"] + list(reversed(self.joints["names"]))
        at = dict(zip(JOINTS, self.joints["positions"]))
        m.position = [0.0] + [at[name] for name in reversed(self.joints["names"])]
        if self.joints["nan"]:
            m.position[1] = math.nan
            m.position[-1] = math.nan
        m.velocity = [0.0] * len(m.name)
        self.joint_pub.publish(m)

    def publish_image(self):
        if self.camera["on"]:
            self.image_pub.publish(self.picture(self.camera["seed"], self.camera["encoding"], self.camera["padding"], self.camera["age_s"]))

    def picture(self, seed, encoding="rgb8", padding=0, age_s=0.0, width=64, height=64):
        size = PIXEL_BYTES.get(encoding, 2)
        row = bytes((37 * x + 11 * seed) % 256 for x in range(width * size)) + bytes(padding)
        m = Image(width=width, height=height, encoding=encoding, step=width * size + padding)
        m.data = row * height
        m.header.stamp = (self.get_clock().now() - rclpy.duration.Duration(nanoseconds=int(age_s * 1e9))).to_msg()
        return m

    def call(self, request, kind, name, fields):
        kinds = {
            "Trigger": Trigger, "SetBool": SetBool, "GetState": GetState, "ChangeState": ChangeState,
            "DescribeParameters": DescribeParameters, "SetParameters": SetParameters, "GetParameters": GetParameters,
        }
        service = kinds[kind]
        message = service.Request()
        if kind == "SetBool":
            message.data = fields["data"]
        elif kind == "ChangeState":
            message.transition.label = fields["label"]
        elif kind in ("DescribeParameters", "GetParameters"):
            message.names = fields["names"]
        elif kind == "SetParameters":
            message.parameters = [self.parameter(n, v) for n, v in fields["values"].items()]
        client = self.create_client(service, name)

        def wait():
            if not client.wait_for_service(timeout_sec=30.0):
                say("answer", request=request, error=f"no service {name}")
                return
            client.call_async(message).add_done_callback(lambda future: self.answer(request, kind, future.result()))

        threading.Thread(target=wait, daemon=True).start()

    @staticmethod
    def parameter(name, value):
        v = ParameterValue()
        if isinstance(value, bool):
            v.type, v.bool_value = ParameterType.PARAMETER_BOOL, value
        elif isinstance(value, int):
            v.type, v.integer_value = ParameterType.PARAMETER_INTEGER, value
        elif isinstance(value, float):
            v.type, v.double_value = ParameterType.PARAMETER_DOUBLE, value
        else:
            v.type, v.string_value = ParameterType.PARAMETER_STRING, value
        return Parameter(name=name, value=v)

    @staticmethod
    def answer(request, kind, response):
        if kind in ("Trigger", "SetBool"):
            say("answer", request=request, success=response.success, message=response.message)
        elif kind == "GetState":
            say("answer", request=request, state=response.current_state.label)
        elif kind == "ChangeState":
            say("answer", request=request, success=response.success)
        elif kind == "DescribeParameters":
            say("answer", request=request, descriptions=[
                {
                    "name": d.name, "type": d.type, "description": d.description, "constraints": d.additional_constraints,
                    "range": [[float(r.from_value), float(r.to_value)] for r in list(d.integer_range) + list(d.floating_point_range)],
                } for d in response.descriptors
            ])
        elif kind == "GetParameters":
            say("answer", request=request, values=[v.integer_value if v.type == 2 else v.double_value if v.type == 3 else v.string_value for v in response.values])
        else:
            say("answer", request=request, results=[{"ok": r.successful, "reason": r.reason} for r in response.results])

    def send_trajectory(self, names, points):
        if self.trajectory_pub is None:
            self.trajectory_pub = self.create_publisher(JointTrajectory, "/joint_trajectory_controller/joint_trajectory", 1)
        m = JointTrajectory(joint_names=names)
        for point in points:
            p = JointTrajectoryPoint()
            p.positions = [float(v) for v in point["positions"]]
            p.velocities = [float(v) for v in point.get("velocities", [])]
            p.time_from_start.sec = int(point["t"])
            p.time_from_start.nanosec = int(round((point["t"] % 1) * 1e9))
            m.points.append(p)
        self.when_matched(self.trajectory_pub, m, 2)

    def send_positions(self, data):
        if self.positions_pub is None:
            self.positions_pub = self.create_publisher(Float64MultiArray, "/forward_position_controller/commands", 1)
        self.when_matched(self.positions_pub, Float64MultiArray(data=[float(v) for v in data]), 2)

    @staticmethod
    def when_matched(publisher, message, count):
        """Publishes once somebody besides ourselves listens."""

        def wait():
            end = time.monotonic() + 30
            while publisher.get_subscription_count() < count and time.monotonic() < end:
                time.sleep(0.02)
            publisher.publish(message)

        threading.Thread(target=wait, daemon=True).start()

    def obey(self, command):
        what = command["do"]
        if what == "camera":
            self.camera.update({k: v for k, v in command.items() if k in self.camera})
        elif what == "joints":
            self.joints.update({k: v for k, v in command.items() if k in self.joints})
        elif what == "goal":
            goal = self.picture(command["seed"])
            goal.header.frame_id = command["name"]
            self.goal_pub.publish(goal)
        elif what == "goal_name":
            self.when_matched(self.name_pub, String(data=command["name"]), 1)
        elif what == "description":
            with open(command["file"], encoding="utf8") as file:
                self.description_pub = self.create_publisher(String, "robot_description", LATCHED)
                self.description_pub.publish(String(data=file.read()))
        elif what == "call":
            self.call(command["request"], command["kind"], command["service"], command)
        elif what == "trajectory":
            self.send_trajectory(command["names"], command["points"])
        elif what == "positions":
            self.send_positions(command["data"])


def main():
    rclpy.init()
    node = Stranger()
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def spin():
        try:
            executor.spin()
        except BaseException:
            # A silent stranger looks like a silent node: end, with the reason on stderr.
            traceback.print_exc()
            os._exit(1)

    threading.Thread(target=spin, daemon=True).start()
    say("ready")
    for line in sys.stdin:
        node.obey(json.loads(line))
    # rclpy's threads are still waiting for messages; there is nothing to tidy up.
    sys.stdout.flush()
    os._exit(0)


main()
