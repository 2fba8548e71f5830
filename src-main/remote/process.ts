/** The process that speaks with other machines: a plain Node program that serves whoever started it; see host.ts. */
import { invariant } from "../wire/errors.ts";
import { parentPort } from "../wire/ports.ts";
import { closeInheritedSockets } from "../service/inherited.ts";
import { runService } from "./service.ts";

closeInheritedSockets();
const { DIORAMA_MACHINES: folder, DIORAMA_APP: app = "" } = process.env;
invariant(folder, "the machines process needs DIORAMA_MACHINES, the folder in which machines are known");
process.title = "diorama-machines";
runService(parentPort(process), { folder, app }, () => process.exit());
