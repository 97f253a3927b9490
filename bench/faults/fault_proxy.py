"""Stands between robot and controller on the graph and spoils what passes: pictures, joint states, the clock.

The controller under test is remapped to listen to /faulty/...; its commands go to the robot straight, and are only watched here.
Commands come and what is seen goes as JSON lines (bench/ros/json_lines.py); proxy.ts starts it. It shares no code with what it tests.
"""

import array
import threading
import time
from collections import deque

import numpy
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from json_lines import obey_lines, say
from lifecycle_msgs.srv import GetState
from message_parts import LATCHED, SENSOR, level_of, parameter
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Bool, Float64, Float64MultiArray, String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

SERVICES = {"Trigger": Trigger, "SetBool": SetBool, "SetParameters": SetParameters, "GetState": GetState}
# Every so many joint states of the robot are passed on as the truth: 50 Hz of 100.
TRUTH_EVERY = 2


def seconds(stamp):
    return stamp.sec + stamp.nanosec * 1e-9


def moved(stamp, by_s):
    total = stamp.sec * 1_000_000_000 + stamp.nanosec + round(by_s * 1e9)
    total = max(0, total)
    stamp.sec, stamp.nanosec = divmod(total, 1_000_000_000)


class Proxy(Node):
    def __init__(self):
        super().__init__("fault_proxy")
        self.camera = {"mode": "pass"}
        self.joints = {"mode": "pass"}
        self.clock = {"mode": "pass"}
        self.frozen_image = None
        self.frozen_joints = None
        self.late = deque()
        self.task_goal = None
        self.truth = None
        self.robot_s = 0.0
        self.count = 0
        self.image_pub = self.create_publisher(Image, "/faulty/image", SENSOR)
        self.info_pub = self.create_publisher(CameraInfo, "/faulty/camera_info", SENSOR)
        self.joint_pub = self.create_publisher(JointState, "/faulty/joint_states", 10)
        self.clock_pub = self.create_publisher(Clock, "/faulty/clock", SENSOR)
        self.goal_pubs = {}
        self.name_pub = self.create_publisher(String, "/jepa_mpc/goal_name", 1)
        self.foreign_pub = None
        self.create_subscription(Image, "/camera/image_raw", self.on_image, SENSOR)
        self.create_subscription(CameraInfo, "/camera/camera_info", self.info_pub.publish, SENSOR)
        self.create_subscription(JointState, "/joint_states", self.on_joints, SENSOR)
        self.create_subscription(Clock, "/clock", self.on_clock, SENSOR)
        self.create_subscription(Image, "/jepa_mpc_simulator/task_goal_image", self.on_task_goal, LATCHED)
        self.create_subscription(Float64, "/jepa_mpc_simulator/task_distance", lambda m: say("distance", metres=m.data), 10)
        self.create_subscription(Bool, "/jepa_mpc_simulator/task_success", lambda m: say("task_success", done=m.data), 10)
        self.create_subscription(DiagnosticStatus, "/jepa_mpc/status", self.on_status, 10)
        self.create_subscription(DiagnosticArray, "/diagnostics", self.on_diagnostics, 10)
        self.create_subscription(JointTrajectory, "/joint_trajectory_controller/joint_trajectory", self.on_trajectory, 10)
        self.create_subscription(Float64MultiArray, "/forward_position_controller/commands", lambda m: say("positions", robot_s=self.robot_s, data=list(m.data)), 10)
        self.create_subscription(Float64MultiArray, "/forward_velocity_controller/commands", lambda m: say("velocities", robot_s=self.robot_s, data=list(m.data)), 10)
        self.create_timer(0.01, self.release)

    def on_status(self, m):
        say("status", level=level_of(m), message=m.message, values={v.key: v.value for v in m.values})

    def on_diagnostics(self, m):
        say("diagnostics", values={v.key: v.value for s in m.status if s.name == "jepa_mpc: inputs" for v in s.values})

    def on_trajectory(self, m):
        points = [
            {"positions": list(p.positions), "velocities": list(p.velocities), "accelerations": list(p.accelerations), "t": seconds(p.time_from_start)}
            for p in m.points
        ]
        say("trajectory", stamp_s=seconds(m.header.stamp), robot_s=self.robot_s, names=list(m.joint_names), points=points)

    def on_task_goal(self, m):
        self.task_goal = m
        say("task_goal", name=m.header.frame_id)

    def on_clock(self, m):
        if self.clock["mode"] == "stop":
            return
        moved(m.clock, self.clock.get("offset_s", 0.0))
        self.clock_pub.publish(m)

    def stamps_moved_by(self):
        return self.clock.get("offset_s", 0.0) if self.clock.get("stamps", False) else 0.0

    def on_image(self, m):
        camera, mode = self.camera, self.camera["mode"]
        moved(m.header.stamp, self.stamps_moved_by())
        if mode == "pass":
            self.frozen_image = None
        elif mode == "drop":
            return
        elif mode == "freeze":
            # The driver sends its last picture, stamp and all, again and again.
            self.frozen_image = self.frozen_image or m
            m = self.frozen_image
        elif mode == "freeze_pixels":
            self.frozen_image = self.frozen_image or m
            m.data = self.frozen_image.data
        elif mode == "duplicate":
            for _ in range(camera["times"] - 1):
                self.image_pub.publish(m)
        elif mode == "late":
            self.late.append((time.monotonic() + camera["by_s"], self.image_pub, m))
            return
        elif mode == "stamp":
            moved(m.header.stamp, camera["by_s"])
        elif mode == "resize":
            # The same view with more pixels.
            times, size = camera["times"], (m.height, m.width, 3)
            pixels = numpy.frombuffer(bytes(m.data), dtype=numpy.uint8).reshape(size).repeat(times, axis=0).repeat(times, axis=1)
            m = Image(header=m.header, width=m.width * times, height=m.height * times, encoding="rgb8", step=3 * m.width * times)
            m.data = array.array("B", pixels.tobytes())
        elif mode == "encoding":
            m.encoding = camera["encoding"]
        elif mode == "short":
            m.data = m.data[: len(m.data) // 2]
        self.image_pub.publish(m)

    def on_joints(self, m):
        joints, mode = self.joints, self.joints["mode"]
        self.robot_s = seconds(m.header.stamp)
        self.truth = m
        self.count += 1
        if self.count % TRUTH_EVERY == 0:
            say("truth", robot_s=self.robot_s, names=list(m.name), positions=list(m.position), velocities=list(m.velocity))
        out = JointState(header=m.header, name=list(m.name), position=list(m.position), velocity=list(m.velocity))
        moved(out.header.stamp, self.stamps_moved_by())
        at = out.name.index(joints["joint"]) if "joint" in joints else 0
        if mode == "pass":
            self.frozen_joints = None
        elif mode == "drop":
            return
        elif mode == "freeze":
            self.frozen_joints = self.frozen_joints or out
            out = self.frozen_joints
        elif mode == "freeze_values":
            self.frozen_joints = self.frozen_joints or out
            out.position, out.velocity = self.frozen_joints.position, self.frozen_joints.velocity
        elif mode == "late":
            self.late.append((time.monotonic() + joints["by_s"], self.joint_pub, out))
            return
        elif mode == "value":
            position = list(out.position)
            position[at] = float(joints["value"])
            out.position = position
        elif mode == "missing":
            for values in (out.name, out.position, out.velocity):
                del values[at]
        elif mode == "rename":
            out.name[at] = joints["as"]
        elif mode == "short":
            out.position = list(out.position)[:-1]
        self.joint_pub.publish(out)

    def release(self):
        while self.late and self.late[0][0] <= time.monotonic():
            _, publisher, message = self.late.popleft()
            publisher.publish(message)

    @staticmethod
    def plain_image(width, height, header):
        m = Image(header=header, width=width, height=height, encoding="rgb8", step=3 * width)
        m.data = array.array("B", bytes([90]) * (3 * width * height))
        return m

    def send_goal(self, command):
        goal = self.task_goal
        size = command.get("size")
        m = self.plain_image(size[0], size[1], goal.header) if size else Image(
            header=goal.header, width=goal.width, height=goal.height, encoding=command.get("encoding", goal.encoding), step=goal.step, data=goal.data)
        m.header.frame_id = command["name"]
        self.goal_publisher(command.get("topic", "/jepa_mpc/goal_image")).publish(m)

    def goal_publisher(self, topic):
        if topic not in self.goal_pubs:
            self.goal_pubs[topic] = self.create_publisher(Image, topic, LATCHED)
        return self.goal_pubs[topic]

    def foreign_command(self, command):
        """Another node moves one joint a little."""
        if self.foreign_pub is None:
            self.foreign_pub = self.create_publisher(JointTrajectory, "/joint_trajectory_controller/joint_trajectory", 1)
        truth = self.truth
        positions = list(truth.position)
        positions[list(truth.name).index(command["joint"])] += command["by"]

        def send():
            end = time.monotonic() + 20
            while self.foreign_pub.get_subscription_count() < command["listeners"] and time.monotonic() < end:
                time.sleep(0.01)
            m = JointTrajectory(joint_names=list(truth.name))
            p = JointTrajectoryPoint(positions=positions, velocities=[0.0] * len(positions))
            p.time_from_start.nanosec = 600_000_000
            m.points = [p]
            say("foreign")
            self.foreign_pub.publish(m)

        threading.Thread(target=send, daemon=True).start()

    def call(self, command):
        request = SERVICES[command["kind"]].Request()
        if command["kind"] == "SetBool":
            request.data = command["data"]
        elif command["kind"] == "SetParameters":
            request.parameters = [parameter(name, value) for name, value in command["values"].items()]
        client = self.create_client(SERVICES[command["kind"]], command["service"])

        def wait():
            if not client.wait_for_service(timeout_sec=30.0):
                say("answer", request=command["request"], ok=False, message=f"no service {command['service']}")
                return
            client.call_async(request).add_done_callback(done)

        def done(future):
            answer = future.result()
            if command["kind"] == "GetState":
                say("answer", request=command["request"], ok=True, message=answer.current_state.label)
            elif command["kind"] == "SetParameters":
                say("answer", request=command["request"], ok=all(r.successful for r in answer.results), message="; ".join(r.reason for r in answer.results))
            else:
                say("answer", request=command["request"], ok=answer.success, message=answer.message)
            self.executor.create_task(self.destroy_client, client)

        threading.Thread(target=wait, daemon=True).start()

    def obey(self, command):
        what = command["do"]
        if what in ("camera", "joints", "clock"):
            setattr(self, what, {k: v for k, v in command.items() if k != "do"})
        elif what == "goal":
            self.send_goal(command)
        elif what == "announce":
            # A publisher that is known already when its goal comes.
            self.goal_publisher(command["topic"])
        elif what == "goal_name":
            self.name_pub.publish(String(data=command["name"]))
        elif what == "foreign":
            self.foreign_command(command)
        elif what == "call":
            self.call(command)


rclpy.init()
proxy = Proxy()
obey_lines(proxy, proxy.obey)
