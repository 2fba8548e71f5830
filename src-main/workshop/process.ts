/** The workshop process: a plain Node program that serves whoever started it; see host.ts. */
import { parentPort } from "../wire/ports.ts";
import { closeInheritedSockets } from "../service/inherited.ts";
import { runService } from "./service.ts";

closeInheritedSockets();
process.title = "diorama-workshop";
runService(parentPort(process), () => process.exit());
