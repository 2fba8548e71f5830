/** An engine process around the fake pipeline. */
import { runProcess } from "../../src-main/engine/service.ts";
import { openFakePipeline } from "./fakePipeline.ts";

runProcess(openFakePipeline);
