import { join } from "node:path";

import { installationRoot } from "./locate.js";

/** Settings of the user that say who is to be reached. */
const REACH = ["ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_LOCALHOST_ONLY", "ROS_STATIC_PEERS", "ROS_DISCOVERY_SERVER"] as const;
/** Where Fast DDS looks for its profile; the second is the name before version 3, which the newer ones complain about. */
const PROFILE = ["FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"] as const;
const DISTROS_BEFORE_FAST_DDS_3 = ["humble", "iron", "jazzy"];

/**
 * Confines the nodes that will be started with this environment to this machine. Must be called before rclnodejs is loaded.
 *
 * The range LOCALHOST alone says whom nodes look for; Fast DDS then still binds its sockets to all addresses. With the profile
 * config/security/loopback.xml it binds to 127.0.0.1 only. For LOCALHOST rmw_fastrtps adds a transport of its own that is not so
 * confined (it then sends from other addresses, though it listens on none), so the range is left to the profile where Fast DDS is
 * sure to be the middleware. A profile of the user's own is kept.
 */
export function confineToLoopback(env: NodeJS.ProcessEnv): void {
  for (const name of REACH) {
    Reflect.deleteProperty(env, name);
  }
  env["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST";
  if (hasOwnProfile(env)) {
    return;
  }
  env[PROFILE[DISTROS_BEFORE_FAST_DDS_3.includes(env["ROS_DISTRO"] ?? "") ? 1 : 0]] = loopbackProfile();
  if (env["RMW_IMPLEMENTATION"]?.startsWith("rmw_fastrtps") === true) {
    env["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "SYSTEM_DEFAULT";
  }
}

/** Confines to this machine, unless the user has said who is to be reached. */
export function confineUnlessAsked(env: NodeJS.ProcessEnv): void {
  if (!REACH.some((name) => isSet(env, name)) && !hasOwnProfile(env)) {
    confineToLoopback(env);
  }
}

function hasOwnProfile(env: NodeJS.ProcessEnv): boolean {
  return PROFILE.some((name) => isSet(env, name) && env[name] !== loopbackProfile());
}

function isSet(env: NodeJS.ProcessEnv, name: string): boolean {
  return (env[name] ?? "") !== "";
}

function loopbackProfile(): string {
  return join(installationRoot(), "config", "security", "loopback.xml");
}
