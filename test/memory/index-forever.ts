/** A process that makes a memory's index anew, again and again, until it is killed. */
import { MemoryIndex } from "../../src/memory/memory-index.js";

const index = await MemoryIndex.open(process.argv[2]!);
process.stdout.write("open\n");
for (;;) await index.rebuild();
