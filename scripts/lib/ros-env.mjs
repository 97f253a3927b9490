import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { embeddedPrefix } from "./paths.mjs";

const DISTRO = "kilted";

/**
 * The ROS 2 that a process of this project runs with.
 *
 * kind "sourced": a ROS 2 that the user has sourced, used as it is;
 * kind "embedded": ours in .env-ros, built by scripts/setup.mjs;
 * kind "none": neither, everything but ROS works.
 *
 * `env` is a copy of `base` with PATH, LD_LIBRARY_PATH, AMENT_PREFIX_PATH, ROS_* and PYTHON (one that imports rclpy) set.
 * It must be there before a process starts: the dynamic linker reads LD_LIBRARY_PATH once, and rclnodejs deletes its
 * own build when it cannot load it. ROS_DOMAIN_ID and the discovery range stay the user's.
 */
export function rosEnvironment(base = process.env) {
  const env = { ...base };
  if (isSourced(base)) {
    env.PYTHON ??= "python3";
    return { kind: "sourced", distro: base.ROS_DISTRO, prefix: base.AMENT_PREFIX_PATH.split(delimiter)[0], env };
  }
  if (!existsSync(join(embeddedPrefix, "setup.sh"))) {
    return { kind: "none", distro: undefined, prefix: undefined, env };
  }
  return { kind: "embedded", distro: DISTRO, prefix: embeddedPrefix, env: embeddedEnvironment(env) };
}

/** A ROS 2 is sourced, and it is not our own. */
export function isSourced(env = process.env) {
  return Boolean(env.ROS_DISTRO) && Boolean(env.AMENT_PREFIX_PATH) && !env.AMENT_PREFIX_PATH.split(delimiter).includes(embeddedPrefix);
}

export function embeddedEnvironment(base = process.env) {
  return {
    ...base,
    PATH: withFirst(join(embeddedPrefix, "bin"), base.PATH),
    LD_LIBRARY_PATH: withFirst(join(embeddedPrefix, "lib"), base.LD_LIBRARY_PATH),
    AMENT_PREFIX_PATH: withLast(embeddedPrefix, base.AMENT_PREFIX_PATH),
    ROS_DISTRO: DISTRO,
    ROS_VERSION: "2",
    ROS_PYTHON_VERSION: "3",
    RMW_IMPLEMENTATION: "rmw_fastrtps_cpp",
    PYTHON: join(embeddedPrefix, "bin", "python"),
    // The wheels' own start hook need not run Python a second time: the libraries are already on the path.
    _ROS_WHEELS_BOOTSTRAP_COMPLETE: "1",
  };
}

/** The same as a file for `. .env-ros/setup.sh`, which the launchers read too. */
export function embeddedSetupScript() {
  const q = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  return `# Written by scripts/setup.mjs: the environment of jepa-mpc's embedded ROS 2. Use: . .env-ros/setup.sh
_jepa_mpc_prefix=${q(embeddedPrefix)}
case ":\${PATH}:" in *":\${_jepa_mpc_prefix}/bin:"*) ;; *) PATH="\${_jepa_mpc_prefix}/bin:\${PATH}" ;; esac
case ":\${LD_LIBRARY_PATH:-}:" in *":\${_jepa_mpc_prefix}/lib:"*) ;; *) LD_LIBRARY_PATH="\${_jepa_mpc_prefix}/lib\${LD_LIBRARY_PATH:+:\${LD_LIBRARY_PATH}}" ;; esac
case ":\${AMENT_PREFIX_PATH:-}:" in *":\${_jepa_mpc_prefix}:"*) ;; *) AMENT_PREFIX_PATH="\${AMENT_PREFIX_PATH:+\${AMENT_PREFIX_PATH}:}\${_jepa_mpc_prefix}" ;; esac
ROS_DISTRO=${DISTRO} ROS_VERSION=2 ROS_PYTHON_VERSION=3 RMW_IMPLEMENTATION=rmw_fastrtps_cpp
PYTHON="\${_jepa_mpc_prefix}/bin/python" _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
export PATH LD_LIBRARY_PATH AMENT_PREFIX_PATH ROS_DISTRO ROS_VERSION ROS_PYTHON_VERSION RMW_IMPLEMENTATION PYTHON _ROS_WHEELS_BOOTSTRAP_COMPLETE
unset _jepa_mpc_prefix
`;
}

function entries(list) {
  return (list ?? "").split(delimiter).filter((entry) => entry !== "");
}

function withFirst(entry, list) {
  const rest = entries(list);
  return (rest.includes(entry) ? rest : [entry, ...rest]).join(delimiter);
}

function withLast(entry, list) {
  const rest = entries(list);
  return (rest.includes(entry) ? rest : [...rest, entry]).join(delimiter);
}
