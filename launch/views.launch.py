"""What people look with: RViz, Foxglove's bridge, and the transforms of the arm's links. What is not installed is left out, with a line."""

import os

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

TRUTH = {"true": True, "True": True, "1": True, "false": False, "False": False, "0": False}
BOOLEANS = list(TRUTH)


def arguments():
    share = get_package_share_directory("jepa_mpc")
    return [
        DeclareLaunchArgument("namespace", default_value="", description="Namespace of robot_state_publisher"),
        DeclareLaunchArgument("use_sim_time", default_value="false", choices=BOOLEANS, description="Take the time from /clock"),
        DeclareLaunchArgument("urdf", default_value="", description="URDF file for robot_state_publisher; empty: the demo arm's"),
        DeclareLaunchArgument(
            "robot_state_publisher", default_value="false", choices=BOOLEANS, description="Publish robot_description and the transforms of the links"
        ),
        DeclareLaunchArgument("rviz", default_value="false", choices=BOOLEANS, description="Open RViz"),
        DeclareLaunchArgument("rviz_config", default_value=os.path.join(share, "config", "rviz", "jepa-mpc.rviz"), description="Its configuration"),
        DeclareLaunchArgument("foxglove", default_value="false", choices=BOOLEANS, description="Start Foxglove's bridge, on the loopback interface"),
        DeclareLaunchArgument("foxglove_port", default_value="8765", description="Its port"),
    ]


def views(context):
    def value(name):
        return LaunchConfiguration(name).perform(context)

    def node(package, **rest):
        try:
            get_package_share_directory(package)
        except PackageNotFoundError:
            return LogInfo(msg=f"{package} is not installed: left out (ros-{os.environ.get('ROS_DISTRO', '<distro>')}-{package.replace('_', '-')})")
        return Node(package=package, output="screen", **rest)

    use_sim_time = {"use_sim_time": TRUTH[value("use_sim_time")]}
    started = []
    if TRUTH[value("robot_state_publisher")]:
        urdf = value("urdf") or os.path.join(get_package_share_directory("jepa_mpc"), "urdf", "fr3.urdf")
        with open(urdf, encoding="utf-8") as file:
            description = file.read()
        started.append(
            node(
                "robot_state_publisher",
                executable="robot_state_publisher",
                namespace=value("namespace"),
                parameters=[{"robot_description": description}, use_sim_time],
            )
        )
    if TRUTH[value("foxglove")]:
        started.append(
            node(
                "foxglove_bridge",
                executable="foxglove_bridge",
                parameters=[{"address": "127.0.0.1", "port": int(value("foxglove_port"))}, use_sim_time],
            )
        )
    if TRUTH[value("rviz")]:
        started.append(node("rviz2", executable="rviz2", arguments=["-d", value("rviz_config")], parameters=[use_sim_time]))
    return started


def generate_launch_description():
    return LaunchDescription([*arguments(), OpaqueFunction(function=views)])
