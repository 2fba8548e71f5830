/** The checkpoint in use, those known, and what the engine says of the scene: tokens, warnings, cost. */
import type { App } from "@api/bridge.ts";
import type { LoadRequest, ModelSummary, PromptTokens, ProviderReport, SceneCheck } from "@api/engine.ts";
import { DEMO_MODEL, type ModelEntry } from "@api/main.ts";
import { type Document, longestToDraw } from "./document.ts";
import { messageOf } from "@wire/errors.ts";

export const DEMO_REQUEST: LoadRequest = { path: DEMO_MODEL, provider: "cpu", memory: "auto" };

/** Typing rests for so long, in milliseconds, before the engine is asked what it says. */
const EXAMINE_AFTER = 150;

export class Models {
  known: readonly ModelEntry[] = $state.raw([]);
  providers: readonly ProviderReport[] = $state.raw([]);
  /** The checkpoint that is open. */
  summary: ModelSummary | null = $state.raw(null);
  loading: { fraction: number; message: string } | undefined = $state.raw();
  /** Why the checkpoint could not be opened. */
  problem: string | undefined = $state();
  tokens: PromptTokens | undefined = $state.raw();
  negativeTokens: PromptTokens | undefined = $state.raw();
  check: SceneCheck | undefined = $state.raw();
  /** Asked for last; open, being opened, or refused for `problem`. */
  wanted: LoadRequest | undefined;

  readonly #app: App;
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(app: App) {
    this.#app = app;
    app.on("loading", (loading) => (this.loading = loading.fraction < 1 ? loading : undefined));
    app.on("model", ({ model }) => {
      this.summary = model;
      this.loading = undefined;
    });
    app.on("changed", ({ what }) => {
      if (what === "models") void this.list();
    });
  }

  async list(): Promise<void> {
    this.known = await this.#app.api.listModels();
  }

  /** The checkpoint stays where it is. */
  async forget(path: string): Promise<void> {
    await this.#app.api.forgetModel({ path });
    await this.list();
  }

  async listProviders(): Promise<void> {
    this.providers = await this.#app.api.providers();
  }

  /** What a checkpoint of another machine is called. */
  nameElsewhere: ((request: LoadRequest) => string | undefined) | undefined;

  nameOf(request: LoadRequest | null): string {
    const elsewhere = request && this.nameElsewhere?.(request);
    if (elsewhere) return elsewhere;
    const entry = this.known.find(({ request: { path } }) => path === request?.path);
    return entry?.name ?? request?.path.split(/[\\/]/).at(-1) ?? "No checkpoint";
  }

  /** Undefined when it could not be opened, which `problem` explains, and when another one was asked for meanwhile. */
  async load(request: LoadRequest): Promise<ModelSummary | undefined> {
    this.wanted = request;
    this.problem = undefined;
    this.loading = { fraction: 0, message: "Opening the checkpoint" };
    try {
      const summary = await this.#app.api.loadModel(request);
      if (this.wanted !== request) return undefined;
      this.loading = undefined;
      return (this.summary = summary);
    } catch (error) {
      if (this.wanted !== request) return undefined;
      this.loading = undefined;
      this.problem = messageOf(error);
      return undefined;
    }
  }

  /** Asks about the document as it is a moment later. */
  examineSoon(document: () => Document): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.examine(document()), EXAMINE_AFTER);
  }

  /** Asks about a document; answers that come when another was asked about already are dropped. */
  async examine(document: Document): Promise<void> {
    const asked = ++this.#asked;
    if (!this.summary) {
      this.tokens = this.negativeTokens = this.check = undefined;
      return;
    }
    const { api } = this.#app;
    const scene = longestToDraw(document);
    const { promptWeights, embeddings } = scene.settings;
    const syntax = { promptWeights, ...(embeddings ? { embeddings } : {}) };
    try {
      const [tokens, negative, check] = await Promise.all([
        api.tokenize({ prompt: scene.prompt, ...syntax }),
        scene.negativePrompt === "" ? undefined : api.tokenize({ prompt: scene.negativePrompt, ...syntax }),
        api.check(scene),
      ]);
      if (asked !== this.#asked) return;
      // Ranges of one of several prompts are none of the text in the field.
      const { lost, ...counted } = tokens;
      const isField = scene.prompt === document.prompt;
      this.tokens = isField && lost ? tokens : { ...counted, embeddings: isField ? tokens.embeddings : [] };
      this.negativeTokens = negative;
      this.check = check;
    } catch {
      // The engine is gone or busy opening another checkpoint: the banner says so, and the next change asks again.
      if (asked === this.#asked) this.tokens = this.negativeTokens = this.check = undefined;
    }
  }
}
