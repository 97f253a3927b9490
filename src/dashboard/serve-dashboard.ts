import { join } from "node:path";

import { Dashboard } from "./dashboard.js";
import { GoalShelf } from "./goal-shelf.js";
import { startWebServer, type ServerAddress } from "./web-server.js";

import type { GoalLibrary } from "../goals/goal-library.js";
import type { Recall } from "./dashboard.js";
import type { RobotEvents, RobotPort } from "./robot-port.js";

export interface ServeDashboardOptions extends ServerAddress {
  readonly connect: (events: RobotEvents) => RobotPort;
  readonly library: GoalLibrary;
  readonly recall: Recall;
  readonly version: string;
  /** The installation: what the page is made of lies in it. */
  readonly root: string;
}

export interface ServedDashboard {
  readonly port: number;
  /** Ends all connections and leaves the graph. */
  close(): Promise<void>;
}

/**
 * Serves the dashboard of a robot.
 *
 * @throws Error with one line when the address cannot be listened on.
 */
export async function serveDashboard({ connect, library, recall, version, root, ...address }: ServeDashboardOptions): Promise<ServedDashboard> {
  const shelf = new GoalShelf(library);
  const dashboard = new Dashboard({ connect, shelf, recall, version });
  try {
    const server = await startWebServer({ ...address, dashboard, shelf, recall, staticDir: join(root, "src", "dashboard", "page", "static") });
    return {
      port: server.port,
      close: async () => {
        await server.close();
        dashboard.close();
        await recall.close();
      },
    };
  } catch (error) {
    dashboard.close();
    throw error;
  }
}
