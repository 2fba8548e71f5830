/** What a repository of the hub holds, asked with `@huggingface/hub`, and what of it would be fetched. */
import { HubApiError, listFiles, modelInfo } from "@huggingface/hub";
import * as v from "valibot";
import { type AppError, isAppError } from "../../wire/errors.ts";
import { boundedFetch, failure, reasonOf, refusal, type Fetch, type HubAddress } from "./http.ts";
import { type Selection, selections } from "./select.ts";
import { type HubFile, repoPathSchema, repoSchema } from "./unfinished.ts";

export interface Described {
  repo: string;
  commit: string;
  licence: string | null;
  gated: boolean;
  link: string;
  selections: Selection[];
  notes: string[];
}

/** Files of a repository that are looked at. */
const MOST_FILES = 20_000;

const hex = (digits: number) => v.pipe(v.string(), v.regex(new RegExp(`^[0-9a-f]{${digits}}$`)));
/** What a list of files says of each, as far as it is used. */
const entrySchema = v.object({
  type: v.string(),
  path: v.string(),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  oid: v.optional(hex(40)),
  lfs: v.optional(v.object({ oid: hex(64), size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) })),
});

/** Owner and name, also out of the address of its page; rejects what is neither. */
export function readRepo(text: string): string {
  const name = text
    .trim()
    .replace(/^https?:\/\/[^/]+\//, "")
    .replace(/[?#].*$/, "")
    .split("/")
    .slice(0, 2)
    .join("/");
  if (v.is(repoSchema, name)) return name;
  throw failure(`“${text.trim().slice(0, 100)}” is not the name of a model at the hub. It has the form owner/name.`);
}

export async function describeRepository(
  address: HubAddress,
  asked: string,
  { revision = "main", signal }: { revision?: string; signal?: AbortSignal } = {},
): Promise<Described> {
  const repo = readRepo(asked);
  const seen: { status?: number; entry?: string | null } = {};
  const bounded = boundedFetch(address, signal);
  const fetch: Fetch = async (input, init) => {
    const response = await bounded(input, init);
    if (!response.ok) Object.assign(seen, { status: response.status, entry: response.headers.get("X-Error-Code") });
    return response;
  };
  const common = { hubUrl: address.url, fetch };
  try {
    const info = await modelInfo({ ...common, name: repo, revision, additionalFields: ["sha", "cardData"] });
    const commit: unknown = info.sha;
    if (!v.is(hex(40), commit)) throw failure(`${address.url} does not say which version of ${repo} it has.`);
    const files: HubFile[] = [];
    const notes = new Set<string>();
    let seenFiles = 0;
    for await (const entry of listFiles({ ...common, repo, revision: commit, recursive: true })) {
      if (++seenFiles > MOST_FILES) {
        notes.add(`It has more than ${MOST_FILES} files: the rest was not looked at.`);
        break;
      }
      const file = readEntry(entry);
      if (file) files.push(file);
    }
    const found = selections(files);
    if (found.length === 0) notes.add(whyNothing(repo, files));
    const licence: unknown = (info.cardData as Record<string, unknown> | undefined)?.["license"];
    return {
      repo,
      commit,
      licence: typeof licence === "string" ? licence.slice(0, 100) : null,
      gated: Boolean(info.gated),
      link: `${address.url}/${repo}`,
      selections: found,
      notes: [...notes],
    };
  } catch (error) {
    signal?.throwIfAborted();
    if (isAppError(error)) throw withRepo(error, repo);
    if (error instanceof HubApiError || seen.status !== undefined) {
      throw refusal(repo, address.url, seen.status ?? 0, seen.entry ?? null, address.token !== undefined);
    }
    throw failure(
      `${address.url} answered something about ${repo} that cannot be read (${reasonOf(error)}).`,
      undefined,
      error,
      repo,
    );
  }
}

function withRepo(error: AppError, repo: string): AppError {
  if (isAppError(error, "hub-failed")) error.details.repo = repo;
  return error;
}

/** Undefined for folders, for names that could lead elsewhere, and for what has no hash to be checked by. */
function readEntry(entry: unknown): HubFile | undefined {
  const parsed = v.safeParse(entrySchema, entry);
  if (!parsed.success || parsed.output.type !== "file") return undefined;
  const { path, size, oid, lfs } = parsed.output;
  if (!v.is(repoPathSchema, path)) return undefined;
  if (lfs) return { path, bytes: lfs.size, hash: { kind: "sha256", hex: lfs.oid } };
  return oid === undefined ? undefined : { path, bytes: size, hash: { kind: "git", hex: oid } };
}

function whyNothing(repo: string, files: readonly HubFile[]): string {
  const pickle = files.find(({ path }) => /\.(bin|ckpt|pt|pth)$/.test(path));
  if (pickle)
    return `${repo} has its weights as pickles (${pickle.path}) alone, which are never read. Look for a version as .safetensors.`;
  return `${repo} has nothing that Diorama could use: no .safetensors file beside its top, and no whole folder in diffusers' layout.`;
}
