/** What the models process does with each request. */
import { serve, type Port } from "../wire/rpc.ts";
import { inspect } from "../checkpoint/inspect.ts";
import { modelsSchemas, type ModelsApi, type ModelsEvents } from "./api.ts";
import { Home } from "./home.ts";
import { Downloads } from "./hub/downloads.ts";
import { Memory } from "./memory.ts";
import { readThumbnail } from "./thumbnails.ts";

export interface ModelsServiceOptions {
  dataFolder: string;
  /** See `HomeOptions`. */
  lasting: boolean;
  env: Record<string, string | undefined>;
}

export function runService(port: Port, { dataFolder, lasting, env }: ModelsServiceOptions, onEnd: () => void): void {
  const note = (message: string) => server.emit("log", { message });
  const memory = new Memory(dataFolder, note);
  const home = new Home({ memory, env, lasting, note, onChange: () => server.emit("changed", {}) });
  const downloads = new Downloads({
    memory,
    onChange: () => server.emit("downloads", { downloads: downloads.list }),
    onDone: () => void home.look(),
  });
  let first: Promise<void> | undefined;
  /** Done when the folders have been looked into once. */
  const looked = () => (first ??= home.look());

  const server = serve<ModelsApi, ModelsEvents>(
    port,
    {
      list: () => {
        void looked();
        return home.list;
      },
      look: async () => {
        await home.look();
        return home.list;
      },
      inspect: ({ path }) => inspect(path),
      find: async ({ kind, name }) => {
        await looked();
        return home.find(kind, name);
      },
      embeddingsIn: async ({ texts, names, checkpoint }) => {
        await looked();
        return home.embeddingsIn(texts, names, checkpoint);
      },
      has: async ({ path }) => {
        await looked();
        if (home.has(path)) return true;
        await home.look(); // it may have come this moment
        return home.has(path);
      },
      addFolder: ({ path }) => home.addFolder(path),
      forgetFolder: ({ path }) => home.forgetFolder(path),
      mark: ({ path, favourite, notes }) =>
        home.mark(path, {
          ...(favourite === undefined ? {} : { favourite }),
          ...(notes === undefined ? {} : { notes }),
        }),
      thumbnail: async ({ id }) => {
        const candidate = home.candidate(id);
        return candidate ? readThumbnail(candidate.path, candidate.picture) : null;
      },
      missing: async (request) => {
        await looked();
        return home.missing(request);
      },
      setHub: ({ url, token }) => {
        downloads.address = { url, ...(token === null ? {} : { token }) };
      },
      describeRepository: ({ repo }, { signal }) => downloads.describe(repo, signal),
      download: (request) => downloads.start(request),
      pauseDownload: ({ id }) => downloads.pause(id),
      resumeDownload: ({ id }) => downloads.resume(id),
      removeDownload: ({ id }) => downloads.remove(id),
      listDownloads: () => downloads.list,
      downloadEnded: ({ id }) => downloads.ended(id),
    },
    modelsSchemas,
  );
  server.closed.addEventListener("abort", () => void Promise.all([home.close(), downloads.close()]).finally(onEnd));
}
