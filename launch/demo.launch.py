"""The simulated arm and the controller, which brings the arm to where the task's goal picture shows it."""

import os

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

TRUTH = {"true": True, "True": True, "1": True, "false": False, "False": False, "0": False}
BOOLEANS = list(TRUTH)

TASKS = ["reach", "push", "grasp", "reach-with-object", "pick-and-place"]

# Handed on to controller.launch.py as they are.
CONTROLLER_ARGUMENTS = ["namespace", "use_sim_time", "params_file", "autostart", "use_respawn", "log_level", "bundle", "robot", "urdf"]


def arguments():
    config = os.path.join(get_package_share_directory("jepa_mpc"), "config")
    return [
        DeclareLaunchArgument("namespace", default_value="", description="Namespace of both nodes (the simulator's /clock stays global)"),
        DeclareLaunchArgument("use_sim_time", default_value="true", choices=BOOLEANS, description="Run on the simulator's time"),
        DeclareLaunchArgument(
            "params_file", default_value=os.path.join(config, "controller.yaml"), description="Parameters of the controller"
        ),
        DeclareLaunchArgument(
            "simulator_params_file", default_value=os.path.join(config, "simulator.yaml"), description="Parameters of the simulator"
        ),
        DeclareLaunchArgument(
            "autostart", default_value="true", choices=BOOLEANS, description="Configure and activate without a lifecycle manager"
        ),
        DeclareLaunchArgument("use_respawn", default_value="false", choices=BOOLEANS, description="Start a node again when it ends"),
        DeclareLaunchArgument("log_level", default_value="info", description="debug, info, warn, error or fatal"),
        DeclareLaunchArgument("bundle", default_value="", description="Folder of the world-model bundle; empty: as in params_file"),
        DeclareLaunchArgument("robot", default_value="", description="Robot description for both: a name of config/robots or a path; empty: the demo arm"),
        DeclareLaunchArgument("urdf", default_value="", description="URDF file for the controller; empty: as in params_file"),
        DeclareLaunchArgument("task", default_value="", choices=["", *TASKS, "none"], description="Empty: as in simulator_params_file"),
        DeclareLaunchArgument("seed", default_value="", description="Seed of the task, a whole number; empty: as in simulator_params_file"),
    ]


def simulator(context):
    def value(name):
        return LaunchConfiguration(name).perform(context)

    overrides = {}
    if TRUTH[value("use_sim_time")] is False:
        overrides["publish_clock"] = False
    if value("robot") != "":
        overrides["robot"] = value("robot")
    if value("task") != "":
        overrides["task"] = value("task")
    if value("seed") != "":
        overrides["seed"] = int(value("seed"))

    return [
        Node(
            package="jepa_mpc",
            executable="simulator",
            namespace=value("namespace"),
            parameters=[value("simulator_params_file"), overrides],
            arguments=["--ros-args", "--log-level", value("log_level")],
            respawn=TRUTH[value("use_respawn")],
            respawn_delay=2.0,
            output="screen",
        )
    ]


def controller():
    return IncludeLaunchDescription(
        PythonLaunchDescriptionSource(os.path.join(get_package_share_directory("jepa_mpc"), "launch", "controller.launch.py")),
        launch_arguments={
            **{name: LaunchConfiguration(name) for name in CONTROLLER_ARGUMENTS},
            "image_topic": "camera/image_raw",
            "camera_info_topic": "camera/camera_info",
            "goal_image_topic": "jepa_mpc_simulator/task_goal_image",
        }.items(),
    )


def generate_launch_description():
    return LaunchDescription([*arguments(), OpaqueFunction(function=simulator), controller()])
