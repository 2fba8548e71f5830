/** The store process: a plain Node program that serves whoever started it; see host.ts. */
import { invariant } from "../wire/errors.ts";
import { parentPort } from "../wire/ports.ts";
import { closeInheritedSockets } from "../service/inherited.ts";
import { runService } from "./service.ts";

closeInheritedSockets();
const dataFolder = process.env["DIORAMA_DATA"];
invariant(dataFolder, "the store needs DIORAMA_DATA, the folder of the app's own data");
process.title = "diorama-store";
runService(parentPort(process), dataFolder, () => process.exit());
