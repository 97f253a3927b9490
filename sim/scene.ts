/** The room round the robot, as MJCF: table, floor and what is handled. Metres, base frame of the arm = world frame. */

/** `table`: a cube and a cup; `clearing`: a puck besides, and a tray to clear them into. */
export const SCENE_NAMES = ["table", "clearing"] as const;

export type SceneName = (typeof SCENE_NAMES)[number];

/** Side of the cube, m. */
export const CUBE_SIZE = 0.05;
export const CUP_RADIUS = 0.034;
export const CUP_HEIGHT = 0.09;
/** Lower than it is wide twice over: it stays upright, and its width tells it from cube and cup between the fingers. */
export const PUCK_RADIUS = 0.016;
export const PUCK_HEIGHT = 0.04;

/**
 * A low open box, fixed to the table: inner sides and rim, m. Its floor is the table, so that what lies in it is as high as elsewhere; the rim is low enough to hide
 * nothing, and for the fingers (which open along y) to come down inside. It lies across the camera's view, so that what stands in it hides little of the rest.
 */
export const TRAY = { low: [0.525, -0.165], high: [0.645, 0.165], rimHeight: 0.012, rimWidth: 0.008 } as const;

/** Geoms of this group are seen by the camera; group 0 only collides. */
export const VISIBLE_GROUP = 1;

/** How many distractors a room can have. */
export const DISTRACTORS = 4;

/** Out of sight, under the floor, until a room is furnished with them; nothing collides with them. */
const PROPS = [...Array.from({ length: DISTRACTORS }, (_, i) => `distractor${i}`), "television"]
  .map((name) => `<geom name="${name}" type="box" pos="0 0 -2" size="0.01 0.01 0.01" contype="0" conaffinity="0" mass="0"/>`)
  .join("\n    ");

/** What the scene `clearing` has besides. */
const CLEARING = `${tray()}
    <body name="puck" pos="0.5 0 ${PUCK_HEIGHT / 2}">
      <freejoint name="puck"/>
      <geom name="puck" class="object" type="cylinder" size="${PUCK_RADIUS} ${PUCK_HEIGHT / 2}" mass="0.05" rgba="0.15 0.60 0.25 1"/>
    </body>`;

function tray(): string {
  const { low, high, rimHeight, rimWidth } = TRAY;
  const [middleX, middleY] = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
  const [halfX, halfY] = [(high[0] - low[0]) / 2, (high[1] - low[1]) / 2];
  const rim = (name: string, x: number, y: number, sizeX: number, sizeY: number): string =>
    `<geom name="tray_${name}" type="box" pos="${x} ${y} ${rimHeight / 2}" size="${sizeX} ${sizeY} ${rimHeight / 2}" rgba="0.93 0.93 0.90 1"/>`;
  return [
    `<geom name="tray_floor" type="box" pos="${middleX} ${middleY} 0" size="${halfX} ${halfY} 0.0004" contype="0" conaffinity="0" rgba="0.86 0.86 0.82 1"/>`,
    rim("left", middleX, high[1] + rimWidth / 2, halfX + rimWidth, rimWidth / 2),
    rim("right", middleX, low[1] - rimWidth / 2, halfX + rimWidth, rimWidth / 2),
    rim("near", low[0] - rimWidth / 2, middleY, rimWidth / 2, halfY),
    rim("far", high[0] + rimWidth / 2, middleY, rimWidth / 2, halfY),
  ].join("\n    ");
}

/** Where a table stands that is no other robot's: centre and half edges, m. */
const TABLE = { center: [0.45, 0, -0.02], halfSize: [0.42, 0.55, 0.02] } as const;

/** The scene's MJCF. @param table centre and half edges, m; default: the demo arm's. */
export function sceneMjcf(scene: SceneName, table: { readonly center: readonly number[]; readonly halfSize: readonly number[] } = TABLE): string {
  return `
<mujoco model="table">
  <compiler angle="radian" autolimits="true"/>
  <option timestep="0.004" integrator="implicitfast" cone="elliptic" impratio="4"/>
  <default>
    <geom group="${VISIBLE_GROUP}"/>
    <default class="object"><geom friction="0.9 0.01 0.001" condim="6" solref="0.008 1"/></default>
  </default>
  <worldbody>
    <geom name="floor" type="plane" pos="0 0 -0.72" size="4 4 0.1" rgba="0.55 0.57 0.60 1"/>
    <geom name="table" type="box" pos="${table.center.join(" ")}" size="${table.halfSize.join(" ")}" rgba="0.72 0.60 0.46 1" friction="0.8 0.005 0.0001"/>
    <geom name="pedestal" type="box" pos="0 0 -0.38" size="0.12 0.12 0.34" rgba="0.35 0.37 0.40 1"/>
    ${PROPS}
    <body name="cube" pos="0.5 0.1 ${CUBE_SIZE / 2}">
      <freejoint name="cube"/>
      <geom name="cube" class="object" type="box" size="${CUBE_SIZE / 2} ${CUBE_SIZE / 2} ${CUBE_SIZE / 2}" mass="0.08" rgba="0.80 0.16 0.15 1"/>
    </body>
    <body name="cup" pos="0.5 -0.1 ${CUP_HEIGHT / 2}">
      <freejoint name="cup"/>
      <geom name="cup" class="object" type="cylinder" size="${CUP_RADIUS} ${CUP_HEIGHT / 2}" mass="0.12" rgba="0.13 0.38 0.70 1"/>
      <geom name="cup_inside" type="cylinder" pos="0 0 ${CUP_HEIGHT / 2}" size="${CUP_RADIUS * 0.82} 0.0006" contype="0" conaffinity="0" mass="0" rgba="0.06 0.16 0.32 1"/>
    </body>
    ${scene === "clearing" ? CLEARING : ""}
    <frame name="robot"/>
  </worldbody>
</mujoco>`;
}
