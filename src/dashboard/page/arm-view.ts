import * as THREE from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import URDFLoader, { type URDFRobot } from "urdf-loader";

import { connection } from "./connection.js";
import { element } from "./element.js";

import type { CandidatesMessage, JointFacts, JointsMessage, Point } from "../messages.js";

/** The picture is drawn only when something has changed, and then at most so often, ms. */
const DRAW_EVERY_MS = 66;
/** Of the time, drawing takes at most one part in so many: without a graphics card it is slow, and the rest of the page matters more. */
const SHARE = 5;
const LOOK_AT = new THREE.Vector3(0.35, 0, 0.35);
const VIEWS: Readonly<Record<string, Point>> = { front: [1.9, 0, 0.6], side: [0.4, -1.7, 0.6], top: [0.4, -0.01, 2.1], camera: [1.35, -1.05, 1] };

/** The arm as the joint states have it, with where candidates end. @throws Error when the browser has no WebGL. */
export function showArm(): void {
  const place = element("arm");
  const renderer = new THREE.WebGLRenderer({ antialias: true, alpha: true });
  const scene = new THREE.Scene();
  const camera = new THREE.PerspectiveCamera(40, 1, 0.01, 20);
  // As ROS has it.
  camera.up.set(0, 0, 1);
  const controls = new OrbitControls(camera, renderer.domElement);
  controls.target.copy(LOOK_AT);
  controls.minDistance = 0.4;
  controls.maxDistance = 5;
  const canvas = renderer.domElement;
  canvas.tabIndex = 0;
  canvas.role = "img";
  canvas.setAttribute("aria-label", "Drawing of the arm. Arrow keys turn it; its joints are in the table.");
  place.replaceChildren(canvas);

  scene.add(new THREE.HemisphereLight(0xffffff, 0x59636e, 2.2));
  const sun = new THREE.DirectionalLight(0xffffff, 2);
  sun.position.set(1, -1.5, 3);
  scene.add(sun);
  const grid = new THREE.GridHelper(2, 20, 0x7c8b99, 0x9fb0bf);
  grid.rotation.x = Math.PI / 2;
  grid.position.x = 0.4;
  (grid.material as THREE.Material).opacity = 0.45;
  (grid.material as THREE.Material).transparent = true;
  scene.add(grid);
  const ends = new THREE.Points(new THREE.BufferGeometry(), new THREE.PointsMaterial({ size: 0.018 }));
  const path = new THREE.Line(new THREE.BufferGeometry(), new THREE.LineBasicMaterial({ linewidth: 2 }));
  for (const drawn of [ends, path]) drawn.frustumCulled = false;
  scene.add(ends, path);

  let robot: URDFRobot | undefined;
  let joints: readonly JointFacts[] = [];
  let newest: JointsMessage | undefined;
  let candidates: CandidatesMessage | undefined;
  let drawnMs = 0;
  let tookMs = 0;
  let due = false;

  const draw = (): void => {
    due = false;
    drawnMs = performance.now();
    const { clientWidth: width, clientHeight: height } = place;
    if (width === 0 || height === 0) return;
    renderer.setPixelRatio(Math.min(2, devicePixelRatio));
    renderer.setSize(width, height, false);
    camera.aspect = width / height;
    camera.updateProjectionMatrix();
    renderer.render(scene, camera);
    // The next frame comes when this one has been drawn, wherever that happens.
    requestAnimationFrame((nowMs) => { tookMs = Math.max(0, nowMs - drawnMs); });
  };
  const changed = (): void => {
    if (due) return;
    due = true;
    // Frames are not asked for while the page cannot be seen.
    setTimeout(() => { requestAnimationFrame(draw); }, Math.max(0, Math.max(DRAW_EVERY_MS, SHARE * (tookMs - 17)) - (performance.now() - drawnMs)));
  };
  const look = (view: string): void => {
    camera.position.set(...VIEWS[view]!);
    controls.update();
    changed();
  };
  const pose = (): void => {
    if (robot === undefined || newest === undefined) return;
    for (const [i, { name }] of joints.entries()) {
      const position = newest.positions[i];
      if (position !== null && position !== undefined) robot.setJointValue(name, position);
    }
    for (const [name, position] of Object.entries(newest.others)) robot.setJointValue(name, position);
    changed();
  };
  const recolour = (): void => {
    const style = getComputedStyle(document.documentElement);
    (ends.material).color.set(style.getPropertyValue("--candidate"));
    (path.material).color.set(style.getPropertyValue("--chosen"));
    changed();
  };

  controls.addEventListener("change", changed);
  new ResizeObserver(changed).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
  canvas.addEventListener("keydown", (event) => {
    const turn = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.12], ArrowDown: [0, 0.12] }[event.key];
    if (turn === undefined) return;
    event.preventDefault();
    const offset = camera.position.clone().sub(controls.target);
    const distance = offset.length();
    const around = Math.atan2(offset.y, offset.x) + turn[0]!;
    const down = Math.min(3, Math.max(0.1, Math.acos(offset.z / distance) + turn[1]!));
    camera.position.set(distance * Math.sin(down) * Math.cos(around), distance * Math.sin(down) * Math.sin(around), distance * Math.cos(down)).add(controls.target);
    controls.update();
    changed();
  });
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-view]")) button.addEventListener("click", () => { look(button.dataset["view"]!); });

  let loading = false;
  connection.on("facts", (facts) => {
    ({ joints } = facts);
    if (!facts.urdf || robot !== undefined || loading) return;
    loading = true;
    const loader = new URDFLoader();
    loader.parseCollision = false;
    loader.loadAsync("/robot.urdf").then((loaded) => {
      robot = loaded;
      robot.traverse((part) => {
        // Joints outside their limits are shown where they are.
        if ("ignoreLimits" in part) part.ignoreLimits = true;
      });
      scene.add(robot);
      pose();
    }).catch((error: unknown) => { console.error(error); }).finally(() => { loading = false; });
  });
  connection.on("joints", (message) => { newest = message; pose(); });
  connection.on("candidates", (message) => {
    candidates = message;
    ends.geometry.setFromPoints(candidates.ends.map((point) => new THREE.Vector3(...point)));
    path.geometry.dispose();
    path.geometry = new THREE.BufferGeometry().setFromPoints(candidates.path.map((point) => new THREE.Vector3(...point)));
    changed();
  });
  recolour();
  look("camera");
}
