"""Somebody on the graph who looks on, sends a goal and tries to command the arm. It shares no code with what it tests.

Unlike stranger.py it makes nothing but what an operator may have; what it is refused, it reports. JSON lines in and out
(bench/ros/json_lines.py); stranger.ts starts it.
"""

import time

import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from json_lines import obey_lines, say
from message_parts import LATCHED, SENSOR
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Bool
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint


class Onlooker:
    def __init__(self):
        self.node = rclpy.create_node("operator")
        self.goal = None
        self.goal_pub = self.node.create_publisher(Image, "/jepa_mpc/goal_image", LATCHED)
        self.node.create_subscription(DiagnosticStatus, "/jepa_mpc/status", self.on_status, 10)
        self.node.create_subscription(JointState, "/joint_states", lambda m: say("joints", names=list(m.name), positions=list(m.position)), SENSOR)
        self.node.create_subscription(Image, "/jepa_mpc_simulator/task_goal_image", self.on_task_goal, LATCHED)
        self.node.create_subscription(Bool, "/jepa_mpc_simulator/task_success", lambda m: say("task_success", done=m.data), 10)

    def on_status(self, m):
        say("status", message=m.message, values={v.key: v.value for v in m.values})

    def on_task_goal(self, m):
        self.goal = m
        say("task_goal", width=m.width)

    def command(self, names, positions):
        """Tries to move the arm, for two seconds."""
        try:
            publisher = self.node.create_publisher(JointTrajectory, "/joint_trajectory_controller/joint_trajectory", 1)
        except Exception as error:
            say("commanded", refused=str(error).splitlines()[0], listeners=0)
            return
        m = JointTrajectory(joint_names=names)
        m.points = [JointTrajectoryPoint(positions=positions, velocities=[0.0] * len(names))]
        m.points[0].time_from_start.sec = 1
        listeners = 0
        for _ in range(20):
            publisher.publish(m)
            listeners = max(listeners, publisher.get_subscription_count())
            time.sleep(0.1)
        say("commanded", refused=None, listeners=listeners)

    def call(self, name):
        client = self.node.create_client(Trigger, name)
        if not client.wait_for_service(timeout_sec=20.0):
            say("called", service=name, answer=None)
            return
        client.call_async(Trigger.Request()).add_done_callback(lambda future: say("called", service=name, answer=future.result().message))

    def entities(self, name):
        def names(found):
            return sorted(name for name, _ in found)

        try:
            say(
                "entities",
                node=name,
                publishers=names(self.node.get_publisher_names_and_types_by_node(name, "/")),
                subscribers=names(self.node.get_subscriber_names_and_types_by_node(name, "/")),
                services=names(self.node.get_service_names_and_types_by_node(name, "/")),
                clients=names(self.node.get_client_names_and_types_by_node(name, "/")),
            )
        except Exception as error:
            say("entities", node=name, error=str(error))

    def obey(self, command):
        what = command["do"]
        if what == "command":
            self.command(command["names"], command["positions"])
        elif what == "goal":
            self.goal.header.frame_id = "task"
            self.goal_pub.publish(self.goal)
        elif what == "call":
            self.call(command["service"])
        elif what == "entities":
            self.entities(command["node"])
        elif what == "nodes":
            say("nodes", names=sorted(self.node.get_node_names()))


rclpy.init()
onlooker = Onlooker()
obey_lines(onlooker.node, onlooker.obey)
