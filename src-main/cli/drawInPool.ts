/**
 * `render --queue`: the pictures of a scene are drawn by a pool's workers, and saved here as they come. What a run is called follows from
 * what is asked for, so that the same command again, after Ctrl-C or a lost connection, fetches what was drawn meanwhile.
 */
import { createHash } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { basename, join } from "node:path";
import type { Alternative } from "../scene/alternatives.ts";
import type { Pixels } from "../api/engine.ts";
import type { Urgency } from "../api/pool.ts";
import type { Seed } from "../scene/scene.ts";
import { metadataTexts } from "../image/metadata.ts";
import { encodePng } from "../image/png.ts";
import { knownCheckpoint } from "../pool/checkpoints.ts";
import { PoolClient } from "../pool/client.ts";
import { Collection } from "../pool/collection.ts";
import { type Access, checkPool, openConnection } from "../pool/connection.ts";
import { HashMemory } from "../pool/hashMemory.ts";
import { AppError } from "../wire/errors.ts";
import { dataFolder } from "./dataFolder.ts";
import { meanObedience, shortPath } from "./drawPictures.ts";
import { fileStem, type PictureFolder } from "./pictureFolder.ts";
import type { Progress } from "./progress.ts";
import type { RenderOptions } from "./renderOptions.ts";
import { appVersion, type Terminal } from "./terminal.ts";

export interface PoolDrawing {
  access: Access;
  urgency: Urgency;
  user: string | undefined;
  /** The checkpoint, on this machine. */
  checkpoint: string;
  alternatives: readonly Alternative[];
  seeds: readonly Seed[];
  start: Pixels | undefined;
  options: Pick<RenderOptions, "scenePath" | "parts">;
  folder: PictureFolder;
  progress: Progress;
  terminal: Terminal;
  /** Ctrl-C: the run stays in the pool. */
  interrupted: AbortSignal;
}

/** Resolves when every picture has come; rejects where some failed, with what was said of them. */
export async function drawInPool(drawing: PoolDrawing): Promise<void> {
  const { access, alternatives, seeds, start, options, folder, progress, terminal, interrupted } = drawing;
  const { notes } = await checkPool(access);
  for (const note of notes) progress.note(note);
  const hashes = new HashMemory(join(dataFolder(terminal.env), "pool-hashes.json"));
  const { hash, name, sampled, repo } = await knownCheckpoint(drawing.checkpoint, hashes);
  const { prediction } = options.parts;
  const model = { hash, name, sampled, ...(repo === undefined ? {} : { repo }), ...(prediction ? { prediction } : {}) };
  const redis = openConnection(access, (problem) => progress.warning(problem));
  const client = new PoolClient(redis, appVersion());
  const user = drawing.user ?? `${userInfo().username}@${hostname()}`;
  const stem = fileStem(basename(options.scenePath).replace(/\.json$/i, ""));
  const finished: { file: string; obedience: Record<string, number> }[] = [];
  const failures: string[] = [];
  const collections: Collection[] = [];
  try {
    for (const [i, { scene: asked, words }] of alternatives.entries()) {
      const request = { user, urgency: drawing.urgency, model, scene: asked, seeds, previewEvery: 0, attention: false };
      // Other folders are other runs: whoever asks for the same elsewhere wants the pictures there, too.
      const run = runName([folder.path, asked, hash, prediction ?? null, user]);
      const { scene, added } = await client.submit({ ...request, run, ...(start ? { start } : {}) });
      if (added < seeds.length)
        progress.note(`${seeds.length - added} of ${seeds.length} pictures were asked for already.`);
      const place = (seed: Seed) => ({ seed, index: i * seeds.length + seeds.indexOf(seed) });
      const collection = new Collection({
        ...{ client, run, model, scene, seeds },
        onStep: (seed, { step, steps, elapsed, left, obedience }) => {
          const of = { ...place(seed), jobId: run, step, steps, elapsed, obedience };
          progress.step({ ...of, pictureSecondsLeft: left ?? undefined, queueSecondsLeft: undefined });
        },
        onPicture: async ({ seed, pixels, record: told, seconds }) => {
          const record = { ...told, ...(words === undefined ? {} : { alternative: words }) };
          const png = encodePng(pixels, metadataTexts(record));
          const chosen = words === undefined ? "" : `-${fileStem(words)}`;
          const path = await folder.save(`${stem}${chosen}-seed${seed}-${scene.settings.guidance.method}`, png);
          const file = shortPath(terminal.cwd, path);
          finished.push({ file, obedience: record.obedience });
          const attention = { width: 1, height: 1, regions: {} };
          progress.image({ ...place(seed), jobId: run, pixels, obedience: [], attention, seconds, record }, file);
        },
        onFailed: (seed, why) => {
          failures.push(`seed ${seed}: ${why}`);
          progress.warning(`seed ${seed}: ${why}`);
        },
        onProblem: (problem) => progress.warning(problem),
      });
      collections.push(collection);
      await collection.start();
    }
    const { workers } = await client.state();
    const has = workers.filter(({ models, isReadable }) => isReadable && models.some((one) => one.hash === hash));
    const old = workers.filter(({ isReadable }) => !isReadable);
    progress.note(`${has.length} of ${workers.length} workers have ${name}.`);
    for (const { name: who, app } of old) progress.note(`${who} (Diorama ${app}) cannot read jobs of ${appVersion()}.`);
    const stopped = new Promise<void>((resolve) => interrupted.addEventListener("abort", () => resolve()));
    if (!interrupted.aborted) await Promise.race([Promise.all(collections.map(({ ended }) => ended)), stopped]);
    const owed = collections.reduce((sum, { owed: left }) => sum + left.length, 0);
    if (interrupted.aborted && owed > 0) {
      progress.note(
        `${owed} pictures are still in the pool. The same command again fetches them; they stay there for 7 days.`,
      );
    }
  } finally {
    await Promise.all(collections.map((collection) => collection.stop()));
    await client.close();
    redis.disconnect();
  }
  progress.done({
    finished: finished.length,
    requested: alternatives.length * seeds.length,
    files: finished.map(({ file }) => file),
    obedience: meanObedience(finished.map(({ obedience }) => obedience)),
  });
  if (failures.length === 0) return;
  throw new AppError("pool-failed", `${failures.length} pictures could not be drawn: ${failures[0]!}`, { address: "" });
}

function runName(of: unknown): string {
  return createHash("sha256").update(JSON.stringify(of)).digest("hex").slice(0, 32);
}
