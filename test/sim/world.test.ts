import assert from "node:assert/strict";
import { test } from "node:test";
import { actuate, PERIOD_S } from "../../sim/actuate.js";
import { Random } from "../../sim/random.js";
import { CUBE_SIZE, CUP_HEIGHT, CUP_RADIUS, PUCK_RADIUS } from "../../sim/scene.js";
import { demoUrdf, SimWorld } from "../../sim/world.js";
import { FR3_WORKSPACE } from "../../src/robot/fr3.js";
import { CommandPipeline } from "../../src/safety/index.js";
import { assertOneLineError, distance, seen } from "./helpers.js";

const world = await SimWorld.create();
const { low, high } = FR3_WORKSPACE;

/** A pipeline at rest where the arm is. */
function pipelineFor(w: SimWorld): CommandPipeline {
  const pipeline = new CommandPipeline(w.robot.limits);
  pipeline.reset(w.jointState());
  return pipeline;
}

/** A trajectory to a place, so that the arm is on its way for a second. */
function setOff(w: SimWorld, to: readonly number[]): void {
  const { positions } = w.jointState();
  w.command.setTrajectory(
    { jointNames: w.jointNames, points: [{ positions: [...w.reach(to, 0)], velocities: [...positions].map(() => 0), timeFromStartS: 1 }] },
    w.timeS,
  );
}

test("the same seed is the same world bit for bit, whatever happened before and in another instance", async () => {
  const other = await SimWorld.create();
  for (const seed of [0, 7, 1_000_003]) {
    world.reset(seed);
    const first = world.saveState();
    setOff(world, [0.4, 0.1, 0.1]);
    world.step(60);
    world.reset(seed);
    assert.deepEqual(world.saveState(), first);
    other.reset(seed);
    assert.deepEqual(other.saveState(), first);
    world.step(50);
    other.step(50);
    assert.deepEqual(other.saveState(), world.saveState());
  }
});

test("other seeds are other worlds, neighbouring ones too", () => {
  const worlds = new Set<string>();
  for (let seed = 0; seed < 20; seed++) {
    world.reset(seed);
    worlds.add(seen(world).map((value) => value.toFixed(3)).join(" "));
  }
  assert.equal(worlds.size, 20);
});

test("time starts at zero and goes by steps", () => {
  world.reset(1);
  assert.equal(world.timeS, 0);
  world.step(50);
  assert.ok(Math.abs(world.timeS - 0.2) < 1e-12);
  assert.ok(Math.abs(PERIOD_S / world.timestepS - Math.round(PERIOD_S / world.timestepS)) < 1e-9, "a period is a whole number of steps");
});

test("a restored world goes on exactly, in the middle of a movement and in another instance", async () => {
  const other = await SimWorld.create();
  world.reset(3);
  setOff(world, [0.5, 0.15, 0.05]);
  world.step(87);
  const saved = world.saveState();
  const trace = (w: SimWorld): number[][] => Array.from({ length: 100 }, () => {
    w.step();
    return seen(w);
  });
  const wanted = trace(world);
  assert.ok(distance(wanted[0]!, wanted[99]!) > 1e-3, "the arm moves meanwhile");
  // Something else in between: another seed, another movement.
  world.reset(4);
  setOff(world, [0.6, -0.1, 0.3]);
  world.step(31);
  world.restoreState(saved);
  assert.deepEqual(world.saveState(), saved);
  assert.deepEqual(trace(world), wanted);
  other.restoreState(saved);
  assert.deepEqual(trace(other), wanted);
});

test("bytes that are no state of this world are refused in one line, and the world stays as it is", () => {
  world.reset(5);
  const before = world.saveState();
  for (const bytes of [new Uint8Array(0), new Uint8Array(7), Buffer.from("hello"), before.subarray(0, before.length / 2)]) {
    assertOneLineError(() => world.restoreState(bytes), /^sim: the saved state /);
  }
  assert.deepEqual(world.saveState(), before);
});

test("tool, cube and cup start inside the workspace, apart, standing and at rest", () => {
  for (let seed = 0; seed < 40; seed++) {
    world.reset(seed);
    const [tool, cube, cup] = [world.toolPosition(), world.objectPosition("cube"), world.objectPosition("cup")];
    const told = `seed ${seed}: tool ${tool.join(" ")}, cube ${cube.join(" ")}, cup ${cup.join(" ")}`;
    for (const place of [tool, cube, cup]) {
      for (const axis of [0, 1]) assert.ok(place[axis]! > low[axis]! - 0.01 && place[axis]! < high[axis]! + 0.01, told);
    }
    assert.ok(tool[2]! > 0.11 && tool[2]! < high[2] + 0.01, told);
    assert.ok(Math.abs(cube[2]! - CUBE_SIZE / 2) < 1e-3 && Math.abs(cup[2]! - CUP_HEIGHT / 2) < 1e-3, told);
    assert.ok(Math.hypot(cube[0]! - cup[0]!, cube[1]! - cup[1]!) > 0.115, told);
    world.step(50);
    assert.ok(distance(world.objectPosition("cube"), cube) < 5e-4 && distance(world.objectPosition("cup"), cup) < 5e-4, told);
    assert.ok(distance(world.toolPosition(), tool) < 2e-3, told);
  }
});

test("the arm follows its commands within millimetres, gripper included", () => {
  const random = new Random(11);
  for (const seed of [1, 2]) {
    world.reset(seed);
    // Well above cube and cup: nothing is touched.
    world.placeArm(world.reach([0.5, 0, 0.27], 1));
    const pipeline = pipelineFor(world);
    for (let step = 0; step < 12; step++) {
      const z = world.toolPosition()[2]!;
      const action = Float32Array.from([random.uniform(-0.04, 0.04), random.uniform(-0.04, 0.04), z < 0.2 ? 0.03 : random.uniform(-0.04, 0.04), step % 4 < 2 ? 0 : 1]);
      actuate(world, pipeline, action);
      const wanted = world.robot.toolPose(pipeline.setpoint.positions).position;
      const error = distance(world.toolPosition(), wanted);
      assert.ok(error < 0.004, `seed ${seed}, step ${step}: ${(1000 * error).toFixed(2)} mm`);
    }
    world.command.setTrajectory(pipeline.hold(), world.timeS);
    world.step(100);
    const { positions, velocities } = world.jointState();
    const end = pipeline.setpoint.positions;
    assert.ok(distance(world.toolPosition(), world.robot.toolPose(end).position) < 0.001, "at rest");
    assert.ok(Math.abs(positions[7]! - end[7]!) < 0.001, "gripper");
    for (const v of velocities) assert.ok(Math.abs(v) < 0.01);
  }
});

test("a gripped cube is lifted and falls when it is let go", () => {
  world.reset(0);
  world.placeObject("cup", [0.6, -0.2, CUP_HEIGHT / 2], 0);
  world.placeObject("cube", [0.5, 0, CUBE_SIZE / 2], 0);
  world.placeArm(world.reach([0.5, 0, 0.025], 1));
  const pipeline = pipelineFor(world);
  const go = (dz: number, gripper: number, steps: number): void => {
    for (let i = 0; i < steps; i++) actuate(world, pipeline, Float32Array.from([0, 0, dz, gripper]));
  };
  go(0, 0, 4);
  assert.ok(world.actions.state(world.jointState())[3]! > 0.03, "the fingers close on the cube, not through it");
  go(0.03, 0, 5);
  assert.ok(world.objectPosition("cube")[2]! > 0.1, "lifted");
  go(0, 1, 4);
  assert.ok(world.objectPosition("cube")[2]! < 0.06, "let go");
});

test("a URDF without the demo arm's joints is refused in one line", async () => {
  for (const [urdf, line] of [["", /^urdf: /], [demoUrdf().replaceAll("fr3_joint3", "elbow"), /fr3_joint3/], [demoUrdf().replaceAll("fr3_hand_tcp", "tip"), /fr3_hand_tcp/]] as const) {
    await assert.rejects(SimWorld.create({ urdf }), (error: unknown) => {
      assertOneLineError(() => { throw error; }, line);
      return true;
    });
  }
});

test("a changed arm sags under what it carries, rubs, and is what it was when that is undone", async () => {
  const changed = await SimWorld.create();
  const sagM = (change: Parameters<SimWorld["alter"]>[0]): number => {
    changed.alter({});
    changed.reset(3);
    const before = changed.toolPosition()[2]!;
    changed.alter(change);
    changed.step(250);
    return before - changed.toolPosition()[2]!;
  };
  assert.ok(Math.abs(sagM({})) < 1e-4, "as it was compiled it stands");
  const [light, heavy, stiff] = [sagM({ payloadKg: 1, stiffness: 0.1 }), sagM({ payloadKg: 2, stiffness: 0.1 }), sagM({ payloadKg: 2 })];
  assert.ok(light > 0.003 && heavy > 1.5 * light && stiff < heavy / 5, `${light}, ${heavy}, ${stiff} m`);
  // A small step of the setpoint moves an arm at once, and one with friction slowly.
  const movedM = (change: Parameters<SimWorld["alter"]>[0]): number => {
    sagM(change);
    const before = changed.toolPosition();
    changed.command.hold(changed.jointState().positions.map((position, j) => position + (j === 0 ? 0.01 : 0)));
    changed.step(50);
    return distance(before, changed.toolPosition());
  };
  const [free, stuck] = [movedM({ stiffness: 0.1 }), movedM({ stiffness: 0.1, stickRad: 0.03 })];
  assert.ok(free > 0.003 && stuck < 0.7 * free, `${free} and ${stuck} m`);
  assert.ok(Math.abs(sagM({})) < 1e-4, "undone");
  for (const wrong of [{ payloadKg: -1 }, { stiffness: 0 }, { stickRad: 1 }, { payloadKg: NaN }]) assert.throws(() => { changed.alter(wrong); }, RangeError);
  changed.dispose();
});

test("what lies on its side rolls a foot at most, not off the table", async () => {
  const world = await SimWorld.create({ scene: "clearing" });
  for (const [thing, radius] of [["puck", PUCK_RADIUS], ["cup", CUP_RADIUS]] as const) {
    world.reset(3);
    for (const [i, name] of world.things.entries()) world.placeObject(name, [0.75, -0.3 + 0.2 * i, world.restingHeight(name)], 0);
    const { mj, model } = world;
    const [qpos, qvel] = [world.data.qpos, world.data.qvel] as [Float64Array, Float64Array];
    const joint = mj.mj_name2id(model, mj.mjtObj.mjOBJ_JOINT.value, thing);
    const speed = 0.3;
    qpos.set([0.3, -0.3, radius, Math.SQRT1_2, 0, Math.SQRT1_2, 0], (model.jnt_qposadr as Int32Array)[joint]);
    // Rolling already: about its own axis, as fast as it goes.
    qvel.set([0, speed, 0, 0, 0, -speed / radius], (model.jnt_dofadr as Int32Array)[joint]);
    world.step(1000);
    const first = world.objectPosition(thing);
    assert.ok(first[1]! > -0.29 && first[1]! < 0, `${thing} went ${first[1]! + 0.3} m`);
    world.step(250);
    assert.ok(distance(world.objectPosition(thing), first) < 0.001, `${thing} is still rolling`);
  }
});
