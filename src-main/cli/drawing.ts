/** What the parts of `render` that draw have in common: the engine, its one job, and where pictures go. */
import type { Engine } from "../engine/host.ts";
import type { PictureFolder } from "./pictureFolder.ts";
import type { Progress } from "./progress.ts";
import type { RenderOptions } from "./renderOptions.ts";
import type { Started } from "./starts.ts";
import type { UnfinishedRun } from "./unfinishedRun.ts";

/** What `render` uses of an engine; a test hands in a small one. */
export type RenderEngine = Pick<Engine, "on" | "kill" | "stop"> & {
  api: Pick<Engine["api"], "load" | "check" | "generate" | "cancel">;
};

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
