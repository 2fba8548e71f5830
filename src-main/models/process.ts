/** The models process: a plain Node program that serves whoever started it; see host.ts. */
import { invariant } from "../wire/errors.ts";
import { parentPort } from "../wire/ports.ts";
import { closeInheritedSockets } from "../service/inherited.ts";
import { stepBack } from "../service/priority.ts";
import { runService } from "./service.ts";

closeInheritedSockets();
const dataFolder = process.env["DIORAMA_DATA"];
invariant(dataFolder, "the models process needs DIORAMA_DATA, the folder of the app's own data");
process.title = "diorama-models";
const lasting = process.env["DIORAMA_LASTING"] === "1";
if (lasting) stepBack(); // hashes are nothing that anybody waits for
runService(parentPort(process), { dataFolder, lasting, env: process.env }, () => process.exit());
