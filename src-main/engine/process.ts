/** The engine process: a plain Node program that serves whoever started it; see host.ts. */
import { runProcess, type OpenPipeline } from "./service.ts";

const { openPipeline } = (await import(new URL("./pipeline.ts", import.meta.url).href)) as {
  openPipeline: OpenPipeline;
};
runProcess(openPipeline);
