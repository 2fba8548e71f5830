/** The models at home and the hub, as the windows ask for them; one for the whole program. */
import { shell, type BrowserWindow } from "electron";
import type { LoadRequest } from "../api/engine.ts";
import { DEMO_MODEL } from "../api/main.ts";
import type { HomeModel, HomeModels, ModelFacts } from "../api/models.ts";
import { AppError, messageOf } from "../wire/errors.ts";
import type { LoraEntry } from "../scene/loras.ts";
import { DEMO_NAME, modelTitle } from "../scene/names.ts";
import { placeOfModel } from "../api/machines.ts";
import type { HomeCalls } from "../api/mainModels.ts";
import type { Handlers } from "../wire/rpc.ts";
import type { ModelsAtHome } from "../models/host.ts";
import { askModelFolder } from "./dialogs.ts";
import type { HubAccess, Preferences } from "./hubAccess.ts";

/** What main asks of it elsewhere. */
export interface AtHome {
  readonly models: ModelsAtHome;
  readonly hub: HubAccess;
}

/** What of a window is needed. */
export interface At {
  window: BrowserWindow;
  store: Preferences;
  models: { add(path: string): Promise<{ request: LoadRequest }>; readonly demoFolder: string };
  loras: { add(path: string, checkpoint: string | null): Promise<LoraEntry> };
  /** The checkpoint that is open. */
  readonly model: LoadRequest | undefined;
}

export function homeCalls(at: At, { models: { api }, hub }: AtHome): Handlers<HomeCalls> {
  const refuseOther = async (path: string) => {
    if (await api.has({ path })) return;
    throw new AppError("not-found", `${path} is not in your folders of models any more.`, { what: "model", id: path });
  };
  /** Its process may be another one than the one that was told last. */
  const asking = async <T>(ask: () => Promise<T>): Promise<T> => {
    await hub.restore(at.store);
    await api.setHub(hub.address);
    return ask();
  };
  /** The demo model comes with the program, in none of the folders; it is called as requests call it. */
  const inspectDemo = async (): Promise<ModelFacts> => {
    const facts = await api.inspect({ path: at.models.demoFolder });
    return { ...facts, path: DEMO_MODEL, name: modelTitle(DEMO_NAME) };
  };
  let demo: HomeModel | undefined;
  const withDemo = async (list: HomeModels): Promise<HomeModels> => {
    demo ??= asAtHome(await inspectDemo().catch(notThere));
    return { ...list, models: [demo, ...list.models] };
  };
  return {
    listHomeModels: async () => withDemo(await api.list()),
    lookForModels: async () => withDemo(await api.look()),
    readHomeModel: async ({ path }) => {
      if (path === DEMO_MODEL) return inspectDemo();
      await refuseOther(path);
      return api.inspect({ path });
    },
    markHomeModel: async (request) => {
      await refuseOther(request.path);
      await api.mark(request);
    },
    addModelFolder: async () => {
      const path = await askModelFolder(at.window);
      return path === null ? null : api.addFolder({ path });
    },
    forgetModelFolder: (request) => api.forgetFolder(request),
    useHomeModel: async ({ path }) => {
      if (path === DEMO_MODEL) return { path, provider: "cpu", memory: "auto" };
      await refuseOther(path);
      return (await at.models.add(path)).request;
    },
    useHomeLora: async ({ path }) => {
      await refuseOther(path);
      return at.loras.add(path, at.model && placeOfModel(at.model) === "" ? at.model.path : null);
    },
    revealHomeModel: async ({ path }) => {
      await refuseOther(path);
      shell.showItemInFolder(path);
    },
    findMissingModel: (request) => api.missing(request),
    hubState: async () => {
      await hub.restore(at.store);
      return hub.state;
    },
    setHub: async ({ mirror, token }) => {
      await hub.restore(at.store);
      if (mirror !== undefined) await hub.setMirror(mirror, at.store);
      if (token !== undefined) hub.setToken(token);
      return hub.state;
    },
    describeRepository: (request, { signal }) => asking(() => api.describeRepository(request, { signal })),
    startDownload: (request) => asking(() => api.download(request)),
    pauseDownload: (request) => api.pauseDownload(request),
    resumeDownload: (request) => asking(() => api.resumeDownload(request)),
    removeDownload: (request) => api.removeDownload(request),
    listDownloads: () => api.listDownloads(),
  };
}

/** In the list of what is at home, where it has no folder, file or picture of its own. */
function asAtHome(facts: Omit<ModelFacts, "metadata">): HomeModel {
  const own = { id: 0, modified: 0, folder: "", picture: null, favourite: false, notes: "", sha256: null, read: true };
  return { ...facts, ...own };
}

/** A damaged installation says so in the list. */
function notThere(error: unknown): Omit<ModelFacts, "metadata"> {
  return {
    path: DEMO_MODEL,
    name: modelTitle(DEMO_NAME),
    kind: "checkpoint",
    family: null,
    form: "folder",
    bytes: 0,
    parameters: 0,
    precision: [],
    size: null,
    opens: false,
    why: messageOf(error),
    thumbnail: false,
  };
}
