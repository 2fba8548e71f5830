/** The engine process: a plain Node program that serves whoever started it; see host.ts. */
import { closeInheritedSockets } from "../service/inherited.ts";
import { openPipeline } from "./pipeline.ts";
import { runProcess } from "./service.ts";

closeInheritedSockets();
runProcess(openPipeline);
