/** What was open when the program ended, and whether it ended in order: a few lines of JSON, replaced whole with each change. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import * as v from "valibot";

const boundsSchema = v.object({ x: v.number(), y: v.number(), width: v.number(), height: v.number() });
const sessionSchema = v.object({
  clean: v.boolean(),
  open: v.array(v.object({ path: v.string(), bounds: v.optional(boundsSchema) })),
});
export type LastSession = v.InferOutput<typeof sessionSchema>;
export type Bounds = v.InferOutput<typeof boundsSchema>;

/** The session before this one; undefined at the first start, or when the file was lost. */
export function readSession(path: string): LastSession | undefined {
  try {
    const parsed = v.safeParse(sessionSchema, JSON.parse(readFileSync(path, "utf8")));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

export function writeSession(path: string, session: LastSession): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, JSON.stringify(session, null, 2));
  renameSync(`${path}.new`, path);
}

export interface Opening {
  /** Undefined for a new project. */
  path?: string;
  bounds?: Bounds;
  /** A new project that shows the sample scene. */
  sample?: boolean;
  /** It was open when the program was cut off. */
  recovered?: boolean;
}

/** What to open at the start: the files asked for, else what was open last, else something to begin with. */
export function whatToOpen(
  files: readonly string[],
  last: LastSession | undefined,
  exists: (path: string) => boolean,
): Opening[] {
  const open = last?.open.filter(({ path }) => exists(path)) ?? [];
  const recovered = last?.clean === false;
  const again = open.map(({ path, bounds }) => ({
    path,
    ...(bounds ? { bounds } : {}),
    ...(recovered ? { recovered } : {}),
  }));
  if (files.length > 0) {
    const asked = files.map((path) => ({ path }));
    // What a crash took away comes back also when the next start has another purpose.
    return recovered ? [...again.filter(({ path }) => !files.includes(path)), ...asked] : asked;
  }
  return again.length > 0 ? again : [{ sample: last === undefined }];
}
