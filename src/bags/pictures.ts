import { decodeRawImage } from "../camera/encodings.js";
import { decodeImage } from "../camera/files.js";
import { oneLine } from "../text/one-line.js";
import { BagError } from "./bag-error.js";

import type { RawImage } from "../camera/encodings.js";
import type { RgbImage } from "../camera/types.js";
import type { Bag } from "./bag.js";
import type { BagMessage, BagTopic } from "./types.js";

const RAW = "sensor_msgs/msg/Image";
const COMPRESSED = "sensor_msgs/msg/CompressedImage";

/** Windows in which a picture is looked for before its time, s: pictures come often, and what is read costs. */
const WINDOWS_S = [1, 30, Infinity];

/** Topics of pictures. */
export function pictureTopics(bag: Bag): BagTopic[] {
  return bag.topics.filter(({ type }) => type === RAW || type === COMPRESSED);
}

/**
 * The topic of pictures that is meant.
 *
 * @param wanted undefined: the only one.
 * @throws BagError: there is none, another type, or several and none was named.
 */
export function choosePictureTopic(bag: Bag, wanted: string | undefined): BagTopic {
  const pictures = pictureTopics(bag);
  const list = pictures.map(({ name, count }) => (count === undefined ? name : `${name} (${count})`)).join(", ");
  if (wanted !== undefined) {
    const topic = bag.topic(wanted);
    if (!pictures.includes(topic)) {
      throw new BagError(`${bag.path}: topic ${wanted} has ${topic.type}, no pictures; ${list === "" ? "none has" : `pictures are on: ${list}`}`);
    }
    return topic;
  }
  const [only, ...others] = pictures;
  if (only === undefined) {
    throw new BagError(`${bag.path} has no pictures (${RAW} or ${COMPRESSED}); its topics: ${bag.topics.map(({ name, type }) => `${name} (${type})`).join(", ") || "none"}`);
  }
  if (others.length > 0) throw new BagError(`${bag.path} has several topics with pictures: say which: ${list}`);
  return only;
}

/** Unpacks the picture of a message; its data are its own. @throws BagError when it is damaged or of an encoding that is not read. */
export async function pictureOf({ topic, timeS, message }: BagMessage): Promise<RgbImage> {
  const what = `${topic.name} at ${timeS.toFixed(3)} s`;
  try {
    if (topic.type === RAW) return decodeRawImage(message as RawImage);
    return await decodeImage((message as { readonly data: Uint8Array }).data, "its picture");
  } catch (error) {
    throw new BagError(`${what}: ${oneLine(error)}`, { cause: error });
  }
}

/**
 * The picture nearest to a time.
 *
 * @param atS of the bag's begin, s; "end" is the last picture.
 * @throws BagError: beyond the bag, no picture on the topic, or one that cannot be read.
 */
export async function pictureAt(bag: Bag, topic: BagTopic, atS: number | "end"): Promise<{ readonly image: RgbImage; readonly timeS: number }> {
  const wantedS = atS === "end" ? bag.durationS : atS;
  if (wantedS < 0 || wantedS > bag.durationS) {
    throw new BagError(`${bag.path} lasts ${bag.durationS.toFixed(3)} s; ${wantedS} s is not in it`);
  }
  let found: BagMessage | undefined;
  for (const windowS of WINDOWS_S) {
    for await (const message of bag.messages(topic.name, { fromS: Math.max(0, wantedS - windowS), toS: wantedS })) found = message;
    if (found !== undefined || windowS >= wantedS) break;
  }
  for await (const message of bag.messages(topic.name, { fromS: wantedS })) {
    if (found === undefined || message.timeS - wantedS < wantedS - found.timeS) found = message;
    break;
  }
  if (found === undefined) throw new BagError(`${bag.path}: topic ${topic.name} has no messages`);
  return { image: await pictureOf(found), timeS: found.timeS };
}
