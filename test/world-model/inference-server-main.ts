/** The tests' inference server as a process that can be killed and stopped: BUNDLE PORT. Says "listening" when it is. */
import { InferenceServer } from "./inference-server.js";

const [bundle, port] = process.argv.slice(2);
const server = await InferenceServer.start(bundle!, { port: Number(port) });
process.stdout.write(`listening on ${server.address}\n`);
// Who started it is gone: so is this.
process.on("disconnect", () => { process.exit(0); });
