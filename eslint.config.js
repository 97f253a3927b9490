import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

// Who may import what. The folders follow the way of the data (docs/); these are the walls between them.
const ROS = { regex: "^rclnodejs(/|$)", message: "Only src/ros/ and sim/ros/ know ROS 2." };
const ONNX = { regex: "^(onnxruntime-|@grpc/)", message: "Only src/world-model/ runs models, or has them run." };
const MUJOCO = { regex: "^@mujoco/", message: "Only src/robot/ and sim/ know MuJoCo." };
const folder = (name, message) => ({ regex: `^\\.{1,2}/(.*/)?${name}/`, message });
const NODES = folder("ros", "The nodes are a shell round this; they are not imported here.");
const MODELS = folder("world-model", "This folder knows no models.");
const ROBOTS = folder("robot", "This folder knows no robots.");
const PLANNER = folder("planner", "The simulator does not know who plans.");
const OUTSIDE_TERMS = { regex: "^(?!\\./|\\.\\./[^./])", message: "Objective terms are pure arithmetic: they import nothing but the planner's files." };
const SURPRISE_OUTSIDE = { regex: "^(?!\\./)", message: "What is a surprise is pure arithmetic: it imports nothing but itself." };
const OUTSIDE = { regex: "^(?!\\./)", message: "The planner is pure arithmetic: it imports nothing but itself." };
const CHAIN_OUTSIDE = { regex: "^(?!\\./)", message: "A chain is found by pure arithmetic: it imports nothing but itself." };
const TEXT_OUTSIDE = { regex: "^(?!\\./|zod$)", message: "What every folder words alike imports none of them." };

const PAGE_OUTSIDE = { regex: "^(?!\\./|\\.\\./messages\\.js$|three$|three/addons/|urdf-loader$)", message: "The page runs in browsers: of the server it knows the messages' types alone." };

const boundary = (files, ...patterns) => ({
  files,
  rules: { "no-restricted-imports": ["error", { patterns }] },
});

export default defineConfig(
  { ignores: ["dist/", "node_modules/", ".env-*/", "data/", "runs/", "build/", "install/", "log/"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", package: "node:test", name: ["test", "it", "describe", "suite", "before", "after", "beforeEach", "afterEach"] }] },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true, allowNullish: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/no-confusing-void-expression": "off",
      // Indices into numeric arrays are checked by the loops round them.
      "@typescript-eslint/no-non-null-assertion": "off",
      // The compiler's own dead-code checks do; this one calls guards against data from outside needless.
      "@typescript-eslint/no-unnecessary-condition": "off",
      // A type parameter that only the caller can know: what a message holds.
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      "@typescript-eslint/no-base-to-string": "off",
      "@typescript-eslint/no-deprecated": "off",
      eqeqeq: "error",
      "prefer-const": "error",
    },
  },
  {
    // MuJoCo's bindings type their arrays as any; what is taken out of them is typed where it is taken.
    files: ["src/robot/**/*.ts", "sim/**/*.ts"],
    rules: {
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
    },
  },
  { files: ["test/**/*.ts", "bench/**/*.ts"], rules: { "@typescript-eslint/require-await": "off" } },
  boundary(["src/{camera,goals,memory,plots,control,report}/**/*.ts"], ROS, ONNX, MUJOCO, NODES),
  boundary(["src/bags/**/*.ts"], ROS, ONNX, MUJOCO, NODES, MODELS, ROBOTS),
  boundary(["src/calibration/**/*.ts"], ROS, ONNX, MUJOCO, NODES, MODELS, ROBOTS),
  boundary(["src/record/**/*.ts"], ROS, ONNX, MUJOCO, NODES, MODELS),
  boundary(["src/cli/**/*.ts", "bench/**/*.ts"], ROS, ONNX, MUJOCO),
  boundary(["src/dashboard/*.ts"], ROS, ONNX, MUJOCO, NODES, MODELS, PLANNER),
  boundary(["src/dashboard/page/**/*.ts"], PAGE_OUTSIDE),
  boundary(["src/text/**/*.ts"], TEXT_OUTSIDE),
  boundary(["src/world-model/**/*.ts"], ROS, MUJOCO, NODES, ROBOTS),
  boundary(["src/planner/*.ts"], OUTSIDE),
  boundary(["src/planner/terms/**/*.ts"], OUTSIDE_TERMS),
  boundary(["src/adaptation/**/*.ts"], ROS, ONNX, MUJOCO, NODES, MODELS, ROBOTS),
  boundary(["src/objective/**/*.ts"], ROS, ONNX, MUJOCO, NODES, MODELS, ROBOTS),
  boundary(["src/surprise/**/*.ts"], SURPRISE_OUTSIDE),
  boundary(["src/chain/**/*.ts"], CHAIN_OUTSIDE),
  boundary(["src/experience/**/*.ts"], ROS, ONNX, MUJOCO, NODES, ROBOTS),
  boundary(["src/robot/**/*.ts"], ROS, ONNX, NODES, MODELS),
  boundary(["src/safety/**/*.ts"], ROS, ONNX, MUJOCO, NODES, MODELS),
  boundary(["src/ros/**/*.ts"], ONNX, MUJOCO),
  boundary(["sim/**/*.ts"], ROS, ONNX, PLANNER),
  boundary(["sim/ros/**/*.ts"], ONNX, PLANNER),
  {
    files: ["**/*.{js,mjs}"],
    languageOptions: { globals: { process: "readonly", console: "readonly", performance: "readonly", URL: "readonly", setTimeout: "readonly" } },
    rules: { "no-undef": "error", "no-unused-vars": "error", eqeqeq: "error", "prefer-const": "error" },
  },
);
