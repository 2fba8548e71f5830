/** The engine process: a plain Node program that serves whoever started it; see host.ts. */
import { closeInheritedSockets } from "../service/inherited.ts";
import { DEAF, leaveInterrupts } from "../service/interrupts.ts";
import { BACKGROUND, stepBack } from "../service/priority.ts";
import { openPipeline } from "./pipeline.ts";
import { runProcess } from "./service.ts";

closeInheritedSockets();
if (process.env[DEAF] === "1") leaveInterrupts();
if (process.env[BACKGROUND] === "1") stepBack();
runProcess(openPipeline);
