/** The room round the robot, as MJCF: table, floor, cube and cup. Metres, base frame of the arm = world frame. */

/** Side of the cube, m. */
export const CUBE_SIZE = 0.05;
export const CUP_RADIUS = 0.034;
export const CUP_HEIGHT = 0.09;

/** Geoms of this group are seen by the camera; group 0 only collides. */
export const VISIBLE_GROUP = 1;

/** How many distractors a room can have. */
export const DISTRACTORS = 4;

/** Out of sight, under the floor, until a room is furnished with them; nothing collides with them. */
const PROPS = [...Array.from({ length: DISTRACTORS }, (_, i) => `distractor${i}`), "television"]
  .map((name) => `<geom name="${name}" type="box" pos="0 0 -2" size="0.01 0.01 0.01" contype="0" conaffinity="0" mass="0"/>`)
  .join("\n    ");

export const SCENE_MJCF = `
<mujoco model="table">
  <compiler angle="radian" autolimits="true"/>
  <option timestep="0.004" integrator="implicitfast" cone="elliptic" impratio="4"/>
  <default>
    <geom group="${VISIBLE_GROUP}"/>
    <default class="object"><geom friction="0.9 0.01 0.001" condim="4" solref="0.008 1"/></default>
  </default>
  <worldbody>
    <geom name="floor" type="plane" pos="0 0 -0.72" size="4 4 0.1" rgba="0.55 0.57 0.60 1"/>
    <geom name="table" type="box" pos="0.45 0 -0.02" size="0.42 0.55 0.02" rgba="0.72 0.60 0.46 1" friction="0.8 0.005 0.0001"/>
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
    <frame name="robot"/>
  </worldbody>
</mujoco>`;
