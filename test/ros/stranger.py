"""A stranger on the graph: a fake robot with a camera, and somebody who asks. It shares no code with what it tests.

Commands come and what is seen goes as JSON lines (bench/ros/json_lines.py); stranger.ts starts it.
"""

import base64
import math
import os
import threading
import time

import rclpy
from action_msgs.msg import GoalStatus
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from json_lines import obey_lines, say
from lifecycle_msgs.srv import ChangeState, GetState
from message_parts import LATCHED, SENSOR, level_of, parameter
from rcl_interfaces.srv import DescribeParameters, GetParameters, SetParameters
from rclpy.action import ActionClient
from rclpy.action.graph import get_action_server_names_and_types_by_node
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, JointState
from std_msgs.msg import Bool, Float64, Float64MultiArray, String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

try:
    from jepa_mpc_msgs.action import ReachGoalImage
except ImportError:
    # Most tests do without the action.
    ReachGoalImage = None

# Where the controller is: /jepa_mpc, or in a namespace.
NAMESPACE = os.environ.get("STRANGER_NAMESPACE", "")
CONTROLLER = f"{NAMESPACE}/jepa_mpc"
JOINTS = [f"fr3_joint{i}" for i in range(1, 8)] + ["fr3_finger_joint1"]
READY = [0.0, -math.pi / 4, 0.0, -3 * math.pi / 4, 0.0, math.pi / 2, math.pi / 4, 0.04]
PIXEL_BYTES = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "mono8": 1}
STATUS = {
    GoalStatus.STATUS_SUCCEEDED: "succeeded", GoalStatus.STATUS_CANCELED: "canceled", GoalStatus.STATUS_ABORTED: "aborted",
    GoalStatus.STATUS_UNKNOWN: "unknown",
}


class Stranger(Node):
    def __init__(self):
        super().__init__("stranger", namespace=NAMESPACE)
        self.joints = {"on": False, "nan": False, "names": list(JOINTS), "positions": list(READY)}
        self.camera = {"on": False, "encoding": "rgb8", "padding": 0, "age_s": 0.0, "seed": 0, "png": ""}
        self.compressed_pub = self.create_publisher(CompressedImage, "image/compressed", SENSOR)
        self.goal_compressed_pub = self.create_publisher(CompressedImage, f"{CONTROLLER}/goal_image/compressed", LATCHED)
        self.action = None
        self.goals = {}
        self.image_pub = self.create_publisher(Image, "image", SENSOR)
        self.joint_pub = self.create_publisher(JointState, "joint_states", 10)
        self.goal_pub = self.create_publisher(Image, f"{CONTROLLER}/goal_image", LATCHED)
        self.name_pub = self.create_publisher(String, f"{CONTROLLER}/goal_name", 1)
        self.trajectory_pub = None
        self.positions_pub = None
        self.create_timer(0.05, self.publish_joints)
        self.create_timer(0.1, self.publish_image)
        self.create_subscription(DiagnosticStatus, f"{CONTROLLER}/status", self.on_status, 10)
        self.create_subscription(DiagnosticStatus, f"{CONTROLLER}/objective", self.on_objective, 10)
        self.create_subscription(DiagnosticArray, "/diagnostics", self.on_diagnostics, 10)
        self.create_subscription(JointTrajectory, "joint_trajectory_controller/joint_trajectory", self.on_trajectory, 10)
        self.create_subscription(Float64MultiArray, "forward_position_controller/commands", self.on_positions, 10)
        self.create_subscription(Float64MultiArray, f"{CONTROLLER}/plan", lambda m: say("plan", data=list(m.data), sizes=[d.size for d in m.layout.dim]), 10)
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
        say("diagnostics", names=[s.name for s in m.status], messages=[s.message for s in m.status], inputs={v.key: v.value for s in m.status if s.name.endswith("inputs") for v in s.values})

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
        # Joints of another arm stand at 0.
        at = {**dict.fromkeys(self.joints["names"], 0.0), **dict(zip(JOINTS, self.joints["positions"]))}
        m.position = [0.0] + [at[name] for name in reversed(self.joints["names"])]
        if self.joints["nan"]:
            m.position[1] = math.nan
            m.position[-1] = math.nan
        m.velocity = [0.0] * len(m.name)
        self.joint_pub.publish(m)

    def publish_image(self):
        if self.camera["on"] and self.camera["encoding"] == "png":
            m = self.packed(self.camera["png"])
            m.header.stamp = self.get_clock().now().to_msg()
            self.compressed_pub.publish(m)
        elif self.camera["on"]:
            self.image_pub.publish(self.picture(self.camera["seed"], self.camera["encoding"], self.camera["padding"], self.camera["age_s"]))

    def picture(self, seed, encoding="rgb8", padding=0, age_s=0.0, width=64, height=64):
        size = PIXEL_BYTES.get(encoding, 2)
        row = bytes((37 * x + 11 * seed) % 256 for x in range(width * size)) + bytes(padding)
        m = Image(width=width, height=height, encoding=encoding, step=width * size + padding)
        m.data = row * height
        m.header.stamp = (self.get_clock().now() - rclpy.duration.Duration(nanoseconds=int(age_s * 1e9))).to_msg()
        return m

    @staticmethod
    def packed(base64_text, name=""):
        m = CompressedImage(format="png", data=base64.b64decode(base64_text))
        m.header.frame_id = name
        return m

    def reach(self, key, fields):
        """Sends a goal to the action and tells its way; seeds are pictures, base64 texts compressed ones."""
        if self.action is None:
            self.action = ActionClient(self, ReachGoalImage, f"{CONTROLLER}/reach_goal_image")
        goal = ReachGoalImage.Goal(goal_names=fields.get("names", []), tolerance=float(fields.get("tolerance", 0.0)),
                                    tolerances=[float(value) for value in fields.get("tolerances", [])], grippers=fields.get("grippers", []),
                                    latent_names=fields.get("latent_names", []), latents=[float(value) for value in fields.get("latents", [])],
                                    encoder_sha256=fields.get("encoder_sha256", ""))
        for seed in fields.get("seeds", []):
            picture = self.picture(seed, fields.get("encoding", "rgb8"))
            picture.header.frame_id = f"{key}-{seed}"
            goal.images.append(picture)
        goal.compressed_images = [self.packed(text, f"{key}-{i}") for i, text in enumerate(fields.get("compressed", []))]
        timeout_s = fields.get("timeout_s", 0.0)
        goal.timeout.sec = math.floor(timeout_s)
        goal.timeout.nanosec = int(round((timeout_s - math.floor(timeout_s)) * 1e9))

        def feedback(message):
            f = message.feedback
            say("feedback", key=key, energy=f.energy, share=f.energy_share, sub_goal=f.sub_goal, count=f.sub_goal_count, steps=f.steps,
                plan_age_s=f.plan_age_s, solve_time_s=f.solve_time_s, state=f.state, sentence=f.sentence)

        def result(future):
            answer = future.result()
            r = answer.result
            say("result", key=key, status=STATUS.get(answer.status, str(answer.status)), code=r.error_code, message=r.error_msg,
                energy=r.final_energy, steps=r.steps, duration_s=r.duration.sec + r.duration.nanosec * 1e-9)

        def answered(future):
            handle = future.result()
            self.goals[key] = handle
            say("goal_answer", key=key, accepted=handle.accepted)
            if handle.accepted:
                handle.get_result_async().add_done_callback(result)

        def wait():
            if not self.action.wait_for_server(timeout_sec=30.0):
                say("goal_answer", key=key, accepted=False, error="no action server")
                return
            self.action.send_goal_async(goal, feedback_callback=feedback).add_done_callback(answered)

        threading.Thread(target=wait, daemon=True).start()

    def cancel(self, key):
        self.goals[key].cancel_goal_async().add_done_callback(
            lambda future: say("cancel_answer", key=key, canceling=len(future.result().goals_canceling)))

    @staticmethod
    def codes():
        names = [name for name in dir(type(ReachGoalImage.Result)) if name.isupper() and not name.startswith("_")]
        say("codes", codes={name: getattr(ReachGoalImage.Result, name) for name in names}, most=ReachGoalImage.Goal.MAX_SUB_GOALS)

    def graph(self, name):
        """What a node has on the graph: names and types."""
        namespace, _, base = name.rpartition("/")
        found = {
            "publishers": self.get_publisher_names_and_types_by_node(base, namespace or "/"),
            "subscriptions": self.get_subscriber_names_and_types_by_node(base, namespace or "/"),
            "services": self.get_service_names_and_types_by_node(base, namespace or "/"),
            "actions": get_action_server_names_and_types_by_node(self, base, namespace or "/"),
        }
        say("graph", **{kind: {topic: types[0] for topic, types in entries} for kind, entries in found.items()})

    def qos(self, topic):
        def plain(ends):
            return [{"node": e.node_name, "reliability": e.qos_profile.reliability.name, "durability": e.qos_profile.durability.name} for e in ends]

        say("qos", topic=topic, publishers=plain(self.get_publishers_info_by_topic(topic)), subscriptions=plain(self.get_subscriptions_info_by_topic(topic)))

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
            message.parameters = [parameter(n, v) for n, v in fields["values"].items()]
        client = self.create_client(service, name)

        def wait():
            if not client.wait_for_service(timeout_sec=30.0):
                say("answer", request=request, error=f"no service {name}")
                return
            client.call_async(message).add_done_callback(lambda future: self.answer(request, kind, future.result()))

        threading.Thread(target=wait, daemon=True).start()

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
            self.trajectory_pub = self.create_publisher(JointTrajectory, "joint_trajectory_controller/joint_trajectory", 1)
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
            self.positions_pub = self.create_publisher(Float64MultiArray, "forward_position_controller/commands", 1)
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
        elif what == "goal_compressed":
            self.goal_compressed_pub.publish(self.packed(command["png"], command["name"]))
        elif what == "reach":
            self.reach(command["key"], command)
        elif what == "cancel":
            self.cancel(command["key"])
        elif what == "graph":
            self.graph(command["node"])
        elif what == "qos":
            self.qos(command["topic"])
        elif what == "codes":
            self.codes()
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


rclpy.init()
stranger = Stranger()
obey_lines(stranger, stranger.obey)
