/** What the parts of `render` that draw have in common: the engine, its one job, and where pictures go. */
import type { EngineEvents } from "../api/engine.ts";
import type { Engine } from "../engine/host.ts";
import type { PictureFolder } from "./pictureFolder.ts";
import type { Progress } from "./progress.ts";
import type { RenderOptions } from "./renderOptions.ts";
import type { Started } from "./starts.ts";
import type { UnfinishedRun } from "./unfinishedRun.ts";

/** What `render` uses of an engine; a test hands in a small one. */
export type RenderEngine = DrawingEngine &
  Pick<Engine, "kill" | "stop"> & { api: Pick<Engine["api"], "load" | "check" | "generate" | "cancel"> };

/** What of it draws: this machine's, or a pool, which keeps a picture until its listener has resolved. */
export interface DrawingEngine {
  on<Name extends keyof EngineEvents>(name: Name, listener: (event: EngineEvents[Name]) => void | Promise<void>): () => void; // prettier-ignore
  api: Pick<Engine["api"], "generate" | "cancel">;
}

/** The id of the one job of a command. */
export const JOB = "render";

/** What pictures are drawn with, and where they go. */
export interface Drawing {
  options: RenderOptions;
  folder: PictureFolder;
  progress: Progress;
  cwd: string;
  /** What is kept of the run, should it be cut off. */
  unfinished?: UnfinishedRun | undefined;
  /** The picture that the scenes go on from, and how much larger each is drawn again. */
  started: Pick<Started, "picture" | "enlarge">;
}
