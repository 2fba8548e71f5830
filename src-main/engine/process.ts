/** The engine process: a plain Node program that serves whoever started it; see host.ts. */
import { openPipeline } from "./pipeline.ts";
import { runProcess } from "./service.ts";

runProcess(openPipeline);
