/** The models at home and the hub as the window shows them: lists, what is looked for in them, and downloads. */
import type { App } from "@api/bridge.ts";
import type { HubState } from "@api/mainModels.ts";
import type {
  Download,
  HomeModel,
  HomeModels,
  HubRepository,
  MissingModel,
  ModelFacts,
  ModelKind,
} from "@api/models.ts";
import { messageOf } from "@wire/errors.ts";
import type { Notices } from "./notices.svelte.ts";

/** Which models are shown: all that can be used, one kind, or what does not open. */
export type Shelf = "usable" | Exclude<ModelKind, "other"> | "refused";

/** What can be done with a model, by its kind. */
export type Uses = Partial<Record<ModelKind, { label: string; run: (model: HomeModel) => void }>>;

/** What a prompt calls an embedding: the name of its file (models/find.ts). */
export const wordOf = (path: string): string => path.replace(/^.*[\\/]/, "").replace(/\.safetensors$/i, "");

const NOTHING: HomeModels = { folders: [], models: [], busy: null };

export class HomeState {
  list: HomeModels = $state.raw(NOTHING);
  /** False until the first answer. */
  isKnown = $state(false);
  downloads: readonly Download[] = $state.raw([]);
  hub: HubState | undefined = $state.raw();
  shelf: Shelf = $state("usable");
  text = $state("");
  favourites = $state(false);
  /** Path of the model that is shown beside the list. */
  current: string | undefined = $state();
  /** What its maker wrote into it. */
  facts: ModelFacts | undefined = $state.raw();
  /** Getting a model instead of looking at those that are here. */
  getting = $state(false);
  /** What the hub says of the repository that was asked for last. */
  found: HubRepository | undefined = $state.raw();
  /** The repository that the hub is being asked about. */
  asking: string | undefined = $state();
  askProblem: string | undefined = $state();
  /** About the checkpoint that could not be opened last. */
  missing: MissingModel | undefined = $state.raw();

  readonly #app: App;
  readonly #notices: Notices;
  #isRefreshing = false;
  #refreshAgain = false;

  constructor(app: App, notices: Notices) {
    this.#app = app;
    this.#notices = notices;
    app.on("homeModels", () => {
      if (this.isKnown) void this.refresh();
    });
    app.on("downloads", ({ downloads }) => this.#onDownloads(downloads));
  }

  /** What the filters leave, favourites first, then by name. */
  readonly shown: readonly HomeModel[] = $derived.by(() => {
    const words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
    return this.list.models
      .filter(
        (model) => isOnShelf(model, this.shelf) && (!this.favourites || model.favourite) && hasWords(model, words),
      )
      .sort((a, b) => Number(b.favourite) - Number(a.favourite) || a.name.localeCompare(b.name));
  });

  readonly chosen: HomeModel | undefined = $derived(
    this.shown.find(({ path }) => path === this.current) ?? this.shown[0],
  );

  /** How many models a shelf has. */
  readonly counts: Record<Shelf, number> = $derived.by(() => {
    const counts = { usable: 0, checkpoint: 0, lora: 0, vae: 0, taesd: 0, embedding: 0, clip: 0, refused: 0 };
    for (const { kind, opens, read } of this.list.models) {
      if (opens) counts.usable++;
      else if (read) counts.refused++;
      if (opens && kind !== "other") counts[kind]++;
    }
    return counts;
  });

  /** Begins to know: called when the view or something that needs the list is shown. */
  async open(): Promise<void> {
    await Promise.all([this.refresh(), this.refreshDownloads()]);
  }

  async refresh(): Promise<void> {
    if (this.#isRefreshing) {
      this.#refreshAgain = true;
      return;
    }
    this.#isRefreshing = true;
    try {
      do {
        this.#refreshAgain = false;
        this.list = await this.#app.api.listHomeModels();
        this.isKnown = true;
      } while (this.#refreshAgain as boolean);
    } catch (error) {
      this.#notices.error(error);
    } finally {
      this.#isRefreshing = false;
    }
  }

  async refreshDownloads(): Promise<void> {
    await this.#attempt(async () => (this.downloads = await this.#app.api.listDownloads()));
  }

  /** Shows a model in the list, whatever the filters were. */
  async show(path: string): Promise<void> {
    this.shelf = "usable";
    this.text = "";
    this.favourites = this.getting = false;
    this.current = path;
    if (!this.list.models.some((model) => model.path === path)) await this.lookAgain();
  }

  async lookAgain(): Promise<void> {
    await this.#attempt(async () => (this.list = await this.#app.api.lookForModels()));
  }

  async readFacts(path: string): Promise<void> {
    if (this.facts?.path === path) return;
    this.facts = undefined;
    const facts = await this.#app.api.readHomeModel({ path }).catch(() => undefined); // it may be gone: the list says so
    if (facts && this.chosen?.path === path) this.facts = facts;
  }

  /** Favourites and notes; shown at once, and told where it could not be kept. */
  async mark(model: HomeModel, change: { favourite?: boolean; notes?: string }): Promise<void> {
    this.list = {
      ...this.list,
      models: this.list.models.map((each) => (each.path === model.path ? { ...each, ...change } : each)),
    };
    await this.#attempt(() => this.#app.api.markHomeModel({ path: model.path, ...change }));
  }

  async addFolder(): Promise<void> {
    await this.#attempt(async () => {
      const folder = await this.#app.api.addModelFolder();
      if (!folder) return;
      this.getting = false;
      await this.refresh();
      const count = folder.models === 1 ? "1 file" : `${folder.models} files`;
      this.#notices.done(`${folder.path} is looked into from now on: ${count}.`);
    });
  }

  async forgetFolder(path: string): Promise<void> {
    await this.#attempt(async () => {
      await this.#app.api.forgetModelFolder({ path });
      await this.refresh();
    });
  }

  async reveal(path: string): Promise<void> {
    await this.#attempt(() => this.#app.api.revealHomeModel({ path }));
  }

  async readHub(): Promise<void> {
    await this.#attempt(async () => (this.hub = await this.#app.api.hubState()));
  }

  /** Rejects what is no address, or no token. */
  async setHub(change: { mirror?: string | null; token?: string | null }): Promise<void> {
    this.hub = await this.#app.api.setHub(change);
  }

  /** Asks the hub about a repository; an answer that comes when another one was asked for is dropped. */
  async describe(repo: string): Promise<void> {
    this.asking = repo;
    this.found = this.askProblem = undefined;
    try {
      const found = await this.#app.api.describeRepository({ repo });
      if (this.asking === repo) this.found = found;
    } catch (error) {
      if (this.asking === repo) this.askProblem = messageOf(error);
    } finally {
      if (this.asking === repo) this.asking = undefined;
    }
  }

  async download({ repo, commit }: HubRepository, choice: string, title: string): Promise<void> {
    await this.#attempt(async () => {
      await this.#app.api.startDownload({ repo, commit, choice, title });
      this.found = undefined;
      await this.refreshDownloads();
    });
  }

  async pause(id: string): Promise<void> {
    await this.#attempt(() => this.#app.api.pauseDownload({ id }));
    await this.refreshDownloads();
  }

  async resume(id: string): Promise<void> {
    await this.#attempt(() => this.#app.api.resumeDownload({ id }));
    await this.refreshDownloads();
  }

  async remove(id: string): Promise<void> {
    await this.#attempt(() => this.#app.api.removeDownload({ id }));
    await this.refreshDownloads();
  }

  /** Looks for a checkpoint that is not where it was. */
  async findMissing(path: string): Promise<void> {
    this.missing = undefined;
    const missing = await this.#app.api.findMissingModel({ path }).catch(() => undefined); // a help, not what was asked for
    this.missing = missing;
  }

  #onDownloads(downloads: readonly Download[]): void {
    const before = new Map(this.downloads.map(({ id, state }) => [id, state]));
    for (const { id, state, title } of downloads) {
      if (state === "done" && before.get(id) === "running") this.#notices.done(`${title} is here.`);
    }
    this.downloads = downloads;
  }

  async #attempt(action: () => Promise<unknown>): Promise<void> {
    await this.#notices.attempt(action);
  }
}

function isOnShelf({ kind, opens, read }: HomeModel, shelf: Shelf): boolean {
  if (shelf === "refused") return read && !opens;
  if (shelf === "usable") return opens || !read;
  return opens && kind === shelf;
}

function hasWords({ name, path, notes }: HomeModel, words: readonly string[]): boolean {
  const text = `${name} ${path} ${notes}`.toLowerCase();
  return words.every((word) => text.includes(word));
}
