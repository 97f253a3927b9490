import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { type Bag, choosePictureTopic, isBag, openBag, pictureAt, pictureTopics } from "../../src/bags/index.js";
import { encodePng } from "../../src/camera/files.js";
import { BEGIN_NS, HEADER_MESSAGE, imageMessage, plainPicture, writeMcap, writeSqlite } from "./write-bag.js";

import type { WrittenMessage } from "./write-bag.js";

/** Made by the Python packages mcap-ros2-support 0.6.0 and rosbags 0.11.9: make_bags.py beside them. */
const FIXTURES = fileURLToPath(new URL("../../../test/fixtures/bags/", import.meta.url));
const IMAGE = "sensor_msgs/msg/Image";
let dir = "";
before(async () => { dir = await mkdtemp(join(tmpdir(), "jepa-mpc-bags-")); });
after(() => rm(dir, { recursive: true, force: true }));

/** Ten pictures a second for two seconds, joint states between them, and a message of a package of somebody's own. */
function recording(): WrittenMessage[] {
  return Array.from({ length: 21 }, (_, i): WrittenMessage[] => [
    { topic: "/camera/image_raw", type: IMAGE, timeS: i / 10, message: imageMessage(plainPicture(10 * i)) },
    { topic: "/joint_states", type: "sensor_msgs/msg/JointState", timeS: i / 10 + 0.01, message: { header: HEADER_MESSAGE, name: ["a", "b"], position: [i, -i], velocity: [], effort: [] } },
    ...(i === 5 ? [{ topic: "/scale", type: "own_msgs/msg/Weight", timeS: 0.55, message: { kilograms: 0.25, thing: "cup" } }] : []),
  ]).flat();
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => undefined, (e: unknown) => e);
  assert.ok(error instanceof Error, "it was accepted");
  assert.ok(!error.message.includes("\n"), error.message);
  return error.message;
}

async function open<T>(file: string, use: (bag: Bag) => Promise<T>): Promise<T> {
  const bag = await openBag(file);
  try {
    return await use(bag);
  } finally {
    await bag.close();
  }
}

const WRITERS: readonly (readonly [string, (file: string) => Promise<void> | void])[] = [
  ["recording.mcap", (file) => writeMcap(file, recording())],
  ["unchunked.mcap", (file) => writeMcap(file, recording(), { useChunks: false })],
  ["newer.db3", (file) => writeSqlite(file, recording(), { definitions: true })],
];

for (const [name, write] of WRITERS) {
  describe(name, () => {
    let file = "";
    before(async () => {
      file = join(dir, name);
      await write(file);
    });

    test("says what is in it", () => open(file, async (bag) => {
      assert.deepEqual(bag.topics.map(({ name: topic, type, count }) => [topic, type, count]), [
        ["/camera/image_raw", IMAGE, 21], ["/joint_states", "sensor_msgs/msg/JointState", 21], ["/scale", "own_msgs/msg/Weight", 1],
      ]);
      assert.equal(bag.startNs, BEGIN_NS);
      assert.ok(Math.abs(bag.durationS - 2.01) < 1e-9, String(bag.durationS));
      assert.deepEqual(pictureTopics(bag).map((topic) => topic.name), ["/camera/image_raw"]);
      assert.equal(choosePictureTopic(bag, undefined).name, "/camera/image_raw");
    }));

    test("gives the messages of a span, both ends included", () => open(file, async (bag) => {
      const positions: number[] = [];
      for await (const { message, timeS, timeNs, topic } of bag.messages<{ name: string[]; position: Float64Array }>("/joint_states", { fromS: 0.51, toS: 0.71 })) {
        assert.deepEqual([topic.name, message.name], ["/joint_states", ["a", "b"]]);
        assert.equal(timeNs, BEGIN_NS + BigInt(Math.round(timeS * 1e9)));
        positions.push(message.position[1]!);
      }
      assert.deepEqual(positions, [-5, -6, -7]);
    }));

    test("gives several topics as they came, with definitions of their own", () => open(file, async (bag) => {
      const seen: string[] = [];
      for await (const { topic, message } of bag.messages<{ thing?: string }>(["/scale", "/camera/image_raw"], { fromS: 0.5, toS: 0.6 })) {
        seen.push(topic.name === "/scale" ? message.thing! : "picture");
      }
      assert.deepEqual(seen, ["picture", "cup", "picture"]);
    }));

    test("keeps messages whole while others are read", () => open(file, async (bag) => {
      const pictures: { data: Uint8Array }[] = [];
      for await (const { message } of bag.messages<{ data: Uint8Array }>("/camera/image_raw")) pictures.push(message);
      assert.deepEqual(pictures.map(({ data }) => [data[0], data.at(-1)]), Array.from({ length: 21 }, (_, i) => [(10 * i) % 256, (10 * i) % 256]));
    }));

    test("finds the picture nearest to a time, and the last one", () => open(file, async (bag) => {
      const topic = choosePictureTopic(bag, "/camera/image_raw");
      for (const [atS, value] of [[0, 0], [0.52, 50], [0.57, 60], [1.9999, 200], ["end", 200]] as const) {
        const { image, timeS } = await pictureAt(bag, topic, atS);
        assert.deepEqual(image, plainPicture(value), String(atS));
        assert.ok(Math.abs(timeS - value / 100) < 1e-9);
      }
      assert.match(await refusal(pictureAt(bag, topic, 2.02)), /lasts 2\.010 s; 2\.02 s is not in it/);
      assert.match(await refusal(pictureAt(bag, topic, -1)), /-1 s is not in it/);
    }));
  });
}

test("an old .db3 without definitions is read where the type is a common one", async () => {
  const file = join(dir, "older.db3");
  writeSqlite(file, recording());
  await open(file, async (bag) => {
    assert.deepEqual((await pictureAt(bag, choosePictureTopic(bag, undefined), 0.3)).image, plainPicture(30));
    const own = bag.messages("/scale");
    const { value } = await own.next();
    assert.ok(value === undefined, "no definition, no message");
  }).then(() => assert.fail("it was read"), (error: unknown) => { assert.match(String(error), /no definition of own_msgs\/msg\/Weight; record it again as MCAP/); });
});

test("pictures are packed or raw, and of several topics one has to be named", async () => {
  const file = join(dir, "two.mcap");
  const png = await encodePng(plainPicture(77));
  await writeMcap(file, [
    { topic: "/left", type: IMAGE, timeS: 0, message: imageMessage(plainPicture(1)) },
    { topic: "/right/compressed", type: "sensor_msgs/msg/CompressedImage", timeS: 0.1, message: { header: HEADER_MESSAGE, format: "png", data: png } },
    { topic: "/broken", type: "sensor_msgs/msg/CompressedImage", timeS: 0.2, message: { header: HEADER_MESSAGE, format: "png", data: png.slice(0, 40) } },
    { topic: "/n", type: "std_msgs/msg/Float64", timeS: 0.3, message: { data: 1 } },
  ]);
  await open(file, async (bag) => {
    assert.throws(() => choosePictureTopic(bag, undefined), /several topics with pictures: say which: \/broken \(1\), \/left \(1\), \/right\/compressed \(1\)$/);
    assert.throws(() => choosePictureTopic(bag, "/n"), /topic \/n has std_msgs\/msg\/Float64, no pictures; pictures are on: \/broken/);
    assert.throws(() => choosePictureTopic(bag, "/middle"), /has no topic \/middle; there are: \/broken, \/left, \/n, \/right\/compressed$/);
    assert.deepEqual((await pictureAt(bag, choosePictureTopic(bag, "/right/compressed"), 0)).image, plainPicture(77));
    assert.match(await refusal(pictureAt(bag, bag.topic("/broken"), "end")), /\/broken at 0\.200 s: its picture is a damaged PNG/);
  });
});

test("files that others wrote are read: lz4, zstd, no compression, SQLite", async () => {
  for (const name of ["lz4.mcap", "zstd.mcap", "plain.mcap", "rosbags.db3"]) {
    await open(join(FIXTURES, name), async (bag) => {
      assert.deepEqual(bag.topics, [{ name: "/camera/image_raw", type: IMAGE, count: 20 }], name);
      assert.ok(Math.abs(bag.durationS - 1.9) < 1e-9);
      assert.deepEqual((await pictureAt(bag, bag.topics[0]!, 0.52)).image, plainPicture(50, 6, 4), name);
    });
  }
});

test("a rosbag2 folder of several files is one bag", async () => {
  const folder = join(dir, "split");
  await mkdir(folder);
  const all = recording();
  await writeFile(join(folder, "metadata.yaml"), "rosbag2_bagfile_information: {}\n");
  // 10 sorts before 9.
  await writeMcap(join(folder, "split_9.mcap"), all.filter(({ timeS }) => timeS < 1));
  await writeMcap(join(folder, "split_10.mcap"), all.filter(({ timeS }) => timeS >= 1));
  assert.equal(await isBag(folder), true);
  assert.equal(await isBag(dir), true);
  await open(folder, async (bag) => {
    assert.equal(bag.topic("/joint_states").count, 21);
    const times: number[] = [];
    for await (const { timeS } of bag.messages("/camera/image_raw")) times.push(timeS);
    assert.deepEqual(times.map((timeS) => timeS.toFixed(1)), Array.from({ length: 21 }, (_, i) => (i / 10).toFixed(1)));
    assert.deepEqual((await pictureAt(bag, choosePictureTopic(bag, undefined), 1.2)).image, plainPicture(120));
  });
});

test("what a killed recorder left is read up to where it is whole", async () => {
  const file = join(dir, "killed.mcap");
  await writeMcap(file, recording());
  const { length } = await readFile(file);
  await truncate(file, Math.floor(length / 2));
  await open(file, async (bag) => {
    const { count = 0 } = bag.topic("/camera/image_raw");
    assert.ok(count > 3 && count < 21, String(count));
    const { image, timeS } = await pictureAt(bag, choosePictureTopic(bag, undefined), "end");
    assert.deepEqual(image, plainPicture(10 * (count - 1)));
    assert.ok(timeS > 0.2);
  });
});

test("messages of a file without index come in the order of their times", async () => {
  const file = join(dir, "disorder.mcap");
  const at = (timeS: number): WrittenMessage => ({ topic: "/n", type: "std_msgs/msg/Float64", timeS, message: { data: timeS } });
  await writeMcap(file, [at(0), at(0.2), at(0.1), at(0.4), at(0.3), at(0.5)], { useChunks: false });
  await open(file, async (bag) => {
    const data: number[] = [];
    for await (const { message } of bag.messages<{ data: number }>("/n")) data.push(message.data);
    assert.deepEqual(data, [0, 0.1, 0.2, 0.3, 0.4, 0.5]);
  });
});

test("what is no bag is refused in one line that says why", async () => {
  const file = (name: string): string => join(dir, name);
  await mkdir(file("empty-folder"));
  await writeFile(file("text.mcap"), "not at all");
  await writeFile(file("empty.mcap"), "");
  await writeFile(file("text.db3"), "not at all");
  await writeFile(file("packed.db3"), Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...new Array<number>(40).fill(0)]));
  await writeFile(file("a.txt"), "");
  for (const [name, why] of [
    ["nowhere.mcap", /is not there/], ["empty-folder", /has no \.mcap or \.db3 file/], ["text.mcap", /is no MCAP file/], ["empty.mcap", /is empty/],
    ["text.db3", /is no SQLite file$/], ["packed.db3", /is compressed; unpack it first \(zstd -d\)/], ["a.txt", /is no bag: MCAP files/],
  ] as const) {
    assert.match(await refusal(openBag(file(name))), why, name);
  }
  await writeMcap(file("json.mcap"), [{ topic: "/n", type: "std_msgs/msg/Float64", timeS: 0, message: { data: 1 } }], { encoding: "json" });
  await open(file("json.mcap"), async (bag) => {
    assert.match(await refusal(bag.messages("/n").next().then(({ value }) => value)), /topic \/n has messages in "json"; only "cdr" \(ROS 2\) is read/);
    assert.throws(() => choosePictureTopic(bag, undefined), /has no pictures .* its topics: \/n \(std_msgs\/msg\/Float64\)$/);
  });
});
