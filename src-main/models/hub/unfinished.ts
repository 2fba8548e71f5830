/** A download as it is noted on the disk until it is done: enough to go on after a restart, and to check every file. */
import * as v from "valibot";

export const pathSchema = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));

/** A file below a repository; names that could lead out of its folder are not taken from the hub. */
export const repoPathSchema = v.pipe(
  v.string(),
  v.maxLength(500),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._ ()+-]*(\/[A-Za-z0-9][A-Za-z0-9._ ()+-]*)*$/),
  v.check((path) => !path.split("/").some((part) => /\.$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(part))),
);
export const repoSchema = v.pipe(
  v.string(),
  v.maxLength(200),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*$/, "expected owner/name"),
  v.check((name) => !name.includes("..") && !name.includes("--"), "expected owner/name"),
);

export const fileSchema = v.object({
  path: repoPathSchema,
  bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** SHA-256 of the file where it is large (LFS), else git's SHA-1 of the blob; the name of the blob in the cache. */
  hash: v.union([
    v.object({ kind: v.literal("sha256"), hex: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) }),
    v.object({ kind: v.literal("git"), hex: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/)) }),
  ]),
});
export type HubFile = v.InferOutput<typeof fileSchema>;

export const unfinishedSchema = v.object({
  id: v.string(),
  repo: repoSchema,
  /** As it was asked for. */
  revision: v.string(),
  commit: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/)),
  /** Which way of `HubRepository.choices`. */
  choice: v.string(),
  title: v.string(),
  files: v.array(fileSchema),
});
export type Unfinished = v.InferOutput<typeof unfinishedSchema>;
