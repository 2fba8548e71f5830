/** The process that asks a pool for this machine's windows: a plain Node program that serves whoever started it; see host.ts. */
import { invariant } from "../wire/errors.ts";
import { parentPort } from "../wire/ports.ts";
import { closeInheritedSockets } from "../service/inherited.ts";
import { runService } from "./service.ts";

closeInheritedSockets();
const { DIORAMA_POOL: folder, DIORAMA_APP: app = "", DIORAMA_DEMO_MODEL: demo } = process.env;
invariant(folder, "the pool process needs DIORAMA_POOL, the folder in which the pool is known");
process.title = "diorama-pool";
runService(parentPort(process), { folder, app, demo }, () => process.exit());
