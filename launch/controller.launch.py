"""The controller on a robot: its camera, its joint states and its joint trajectory controller by topic name."""

import json
import os

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

TRUTH = {"true": True, "True": True, "1": True, "false": False, "False": False, "0": False}
BOOLEANS = list(TRUTH)


def arguments():
    share = get_package_share_directory("jepa_mpc")
    return [
        DeclareLaunchArgument("namespace", default_value="", description="Namespace of the node"),
        DeclareLaunchArgument("use_sim_time", default_value="false", choices=BOOLEANS, description="Take the time from /clock"),
        DeclareLaunchArgument(
            "params_file",
            default_value=os.path.join(share, "config", "controller.yaml"),
            description="Parameters of the controller; arguments given here come after it",
        ),
        DeclareLaunchArgument(
            "autostart", default_value="true", choices=BOOLEANS, description="Configure and activate without a lifecycle manager"
        ),
        DeclareLaunchArgument("use_respawn", default_value="false", choices=BOOLEANS, description="Start the node again when it ends"),
        DeclareLaunchArgument("log_level", default_value="info", description="debug, info, warn, error or fatal"),
        DeclareLaunchArgument("bundle", default_value="", description="Folder of the world-model bundle; empty: as in params_file"),
        DeclareLaunchArgument("robot", default_value="", description="Robot description: a name of config/robots or a path; empty: as in params_file"),
        DeclareLaunchArgument("urdf", default_value="", description="URDF file of the robot; empty: as in params_file"),
        DeclareLaunchArgument("image_topic", default_value="image", description="Camera pictures (sensor_msgs/Image)"),
        DeclareLaunchArgument("camera_info_topic", default_value="camera_info", description="Calibration of that camera (sensor_msgs/CameraInfo)"),
        DeclareLaunchArgument("camera_pose", default_value="", description="Where it stands, for ~/overlay (docs/views.md); empty: as in params_file"),
        DeclareLaunchArgument("joint_states_topic", default_value="joint_states", description="sensor_msgs/JointState"),
        DeclareLaunchArgument("goal_image_topic", default_value="~/goal_image", description="Goal pictures (sensor_msgs/Image)"),
        DeclareLaunchArgument(
            "command_interface",
            default_value="",
            choices=["", "joint_trajectory", "forward_position", "forward_velocity"],
            description="What the robot's controller takes; empty: as in params_file",
        ),
        DeclareLaunchArgument("command_topic", default_value="", description="Where the commands go; empty: as in params_file"),
    ]


def of_robot(name):
    """Parameters that the description of a robot sets, as `jepa-mpc run --robot` does."""
    share = get_package_share_directory("jepa_mpc")
    file = name if "/" in name or "." in name else os.path.join(share, "config", "robots", f"{name}.json")
    with open(file) as stream:
        robot = json.load(stream)

    def located(path):
        beside = os.path.join(os.path.dirname(os.path.abspath(file)), path)
        return beside if os.path.exists(beside) else os.path.join(share, path)

    gripper = robot["gripper"]
    parameters = {
        "urdf": located(robot["urdf"]),
        **{name: robot[name] for name in ("base_link", "tool_link", "joints")},
        "posture": [float(value) for value in robot["posture"]],
        **{f"workspace.{end}": [float(value) for value in robot["workspace"][end]] for end in ("low", "high")},
        "gripper.joint": gripper["joint"],
        **{f"gripper.{field}": float(gripper[field]) for field in ("max_joint", "opening_per_joint")},
        **{f"safety.{field}": float(value) for field, value in robot.get("safety", {}).items()},
    }
    if "keep_out_file" in robot:
        parameters["safety.keep_out_file"] = located(robot["keep_out_file"])
    return parameters


def controller(context):
    def value(name):
        return LaunchConfiguration(name).perform(context)

    overrides = {"use_sim_time": TRUTH[value("use_sim_time")], "autostart": TRUTH[value("autostart")]}
    if value("robot") not in ("", "fr3"):
        overrides.update(of_robot(value("robot")))
    for name in ("bundle", "urdf", "command_interface", "command_topic"):
        if value(name) != "":
            overrides[name] = value(name)
    if value("camera_pose") != "":
        overrides["camera.pose"] = value("camera_pose")

    # A remapping of a name to itself is left out: it says nothing.
    topics = {"image": "image_topic", "camera_info": "camera_info_topic", "joint_states": "joint_states_topic", "~/goal_image": "goal_image_topic"}
    remappings = [(name, value(argument)) for name, argument in topics.items() if value(argument) != name]

    return [
        # Without a name: the overrides then hold under whatever name a remapping gives the node.
        Node(
            package="jepa_mpc",
            executable="controller",
            namespace=value("namespace"),
            parameters=[value("params_file"), overrides],
            remappings=remappings,
            arguments=["--ros-args", "--log-level", value("log_level")],
            respawn=TRUTH[value("use_respawn")],
            respawn_delay=2.0,
            output="screen",
        )
    ]


def views():
    # Its other arguments are set for all that is launched: namespace, use_sim_time, urdf.
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(os.path.join(get_package_share_directory("jepa_mpc"), "launch", "views.launch.py")))


def generate_launch_description():
    return LaunchDescription([*arguments(), OpaqueFunction(function=controller), views()])
