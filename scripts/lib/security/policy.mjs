import { readFileSync } from "node:fs";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { z } from "zod";
import { SetupError } from "../shell.mjs";

/** What a graph of ROS names becomes in DDS: a topic's prefix says what it carries. */
const SERVICES_OF_ACTION = ["send_goal", "cancel_goal", "get_result"];
const TOPICS_OF_ACTION = ["feedback", "status"];

const name = z.string().regex(/^(~\/|\/)?[A-Za-z0-9_*?/]+$/, "is not a ROS name (letters, digits, _, /, a leading ~/, and the wildcards * and ?)");
const allow = z.literal("ALLOW", { error: 'only "ALLOW" is understood; what is not allowed is denied' }).optional();
const rules = (item, ...qualifiers) =>
  z.array(z.strictObject({ [item]: z.array(name).min(1), ...Object.fromEntries(qualifiers.map((qualifier) => [`@${qualifier}`, allow])) })).default([]);

const POLICY = z.object({
  policy: z.strictObject({
    "@version": z.literal("0.2.0"),
    enclaves: z.strictObject({
      enclave: z.array(z.strictObject({
        "@path": z.string().regex(/^(\/[A-Za-z0-9_]+)+$/, "is not an enclave's path, such as /jepa_mpc/controller"),
        profiles: z.strictObject({
          profile: z.array(z.strictObject({
            "@ns": z.string().regex(/^\/[A-Za-z0-9_/]*$/, "is not a namespace, such as /"),
            "@node": z.string().regex(/^[A-Za-z0-9_*?]+$/, "is not a node's name"),
            topics: rules("topic", "publish", "subscribe"),
            services: rules("service", "reply", "request"),
            actions: rules("action", "execute", "call"),
          })).min(1),
        }),
      })).min(1),
    }),
  }),
});

const LISTS = new Set(["enclave", "profile", "topics", "topic", "services", "service", "actions", "action"]);

/**
 * Reads an SROS2 policy file (version 0.2.0, without XInclude).
 *
 * @returns per enclave its path and the DDS topics that it may publish and subscribe, sorted, without doubles.
 * @throws SetupError with one line: not there, no XML, not a policy (which place, what value).
 */
export function readPolicy(file) {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new SetupError(`cannot read the policy ${file}: ${error.code}`);
  }
  const valid = XMLValidator.validate(text);
  if (valid !== true) {
    throw new SetupError(`${file}: no XML: line ${valid.err.line}: ${valid.err.msg}`);
  }
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "@", ignoreDeclaration: true, parseTagValue: false, isArray: (tag) => LISTS.has(tag) });
  const content = parser.parse(text);
  const parsed = POLICY.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const value = issue.path.reduce((at, key) => at?.[key], content);
    throw new SetupError(`${file}: ${issue.path.join(".") || "the file"}: ${issue.message}${typeof value === "string" ? `; it is ${JSON.stringify(value)}` : ""}`);
  }
  const enclaves = parsed.data.policy.enclaves.enclave.map((enclave) => ({ path: enclave["@path"], ...ddsTopics(enclave.profiles.profile) }));
  const double = enclaves.find(({ path }, i) => enclaves.findIndex((other) => other.path === path) !== i);
  if (double !== undefined) {
    throw new SetupError(`${file}: the enclave ${double.path} stands there twice`);
  }
  return enclaves;
}

/** The names on the wire: rt/ topics, rq/ requests, rr/ replies (ROS 2 design, "Topic and Service name mapping to DDS"). */
function ddsTopics(profiles) {
  // Which node is in which process is told to all on this one.
  const publish = new Set(["ros_discovery_info"]);
  const subscribe = new Set(["ros_discovery_info"]);
  for (const profile of profiles) {
    const full = (given) => fullName(given, profile);
    const request = (service) => { publish.add(`rq${service}Request`); subscribe.add(`rr${service}Reply`); };
    const reply = (service) => { publish.add(`rr${service}Reply`); subscribe.add(`rq${service}Request`); };
    for (const { topic, "@publish": sends, "@subscribe": hears } of profile.topics) {
      for (const each of topic.map(full)) {
        if (sends) publish.add(`rt${each}`);
        if (hears) subscribe.add(`rt${each}`);
      }
    }
    for (const { service, "@request": asks, "@reply": answers } of profile.services) {
      for (const each of service.map(full)) {
        if (asks) request(each);
        if (answers) reply(each);
      }
    }
    for (const { action, "@call": calls, "@execute": executes } of profile.actions) {
      for (const each of action.map(full)) {
        for (const part of SERVICES_OF_ACTION.map((service) => `${each}/_action/${service}`)) {
          if (calls) request(part);
          if (executes) reply(part);
        }
        for (const part of TOPICS_OF_ACTION.map((topic) => `rt${each}/_action/${topic}`)) {
          if (calls) subscribe.add(part);
          if (executes) publish.add(part);
        }
      }
    }
  }
  return { publish: [...publish].sort(), subscribe: [...subscribe].sort() };
}

function fullName(given, { "@ns": namespace, "@node": node }) {
  const prefix = namespace.endsWith("/") ? namespace : `${namespace}/`;
  if (given.startsWith("/")) {
    return given;
  }
  return given.startsWith("~/") ? `${prefix}${node}${given.slice(1)}` : `${prefix}${given}`;
}
