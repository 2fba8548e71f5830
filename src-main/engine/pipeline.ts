/** A loaded checkpoint that draws: text, denoising under layout guidance, decoding, step by step. */
import { freemem } from "node:os";
import * as ort from "onnxruntime-node";
import packageJson from "../../package.json" with { type: "json" };
import type { AttentionMaps, ModelSummary, PromptText, PromptTokens, RunRecord, SceneCheck } from "../api/engine.ts";
import { AppError } from "../wire/errors.ts";
import { actingGuidance } from "../scene/methodSettings.ts";
import { lorasOf } from "../scene/loras.ts";
import { spacingOf, type Scene, type SceneSettings } from "../scene/scene.ts";
import { settingsDrawn, variationOf } from "../scene/start.ts";
import { reusesDeep, workAt } from "../scene/shortcuts.ts";
import { openTiny, openVae, withVae } from "../checkpoint/autoencoder.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { openCheckpoint } from "../checkpoint/folder.ts";
import { columnMasks } from "../guidance/columnMask.ts";
import type { BoundRegion } from "../guidance/layout.ts";
import type { Grid } from "../guidance/masks.ts";
import { lossGrid } from "../guidance/masks.ts";
import type { LayoutMethod, MethodState } from "../guidance/method.ts";
import { methodOf } from "../guidance/methodOf.ts";
import { chunksOf, encode } from "../model/tokenizer/encoding.ts";
import { createTokenizers, type Tokenizers } from "../model/tokenizer/tokenizer.ts";
import { additionFeatures } from "../model/features.ts";
import { firstNoise } from "../sampling/starts.ts";
import type { Numbers } from "../sampling/sampler.ts";
import { createSampler } from "../sampling/samplers.ts";
import { type Conditioning, type Conditionings, type Denoiser, denoise } from "./denoise.ts";
import { Beginnings } from "./beginnings.ts";
import { attentionOf, bindRegions, layoutsOf, obedienceOf } from "./boundRegions.ts";
import { Decoding, doubtsAbout } from "./decoding.ts";
import { courseOf, withHashes } from "./told.ts";
import { heard } from "./heard.ts";
import { EmbeddingShelf } from "./embeddingShelf.ts";
import { latentSize } from "./latentSize.ts";
import { chooseMemory, estimateBytes } from "./memory.ts";
import { LoraShelf } from "./loraShelf.ts";
import { encodeState, generatorAt, sceneHash, stateFor, type StateIdentity } from "./pictureState.ts";
import { pixelsPerLatent, recommendedSettings } from "../checkpoint/recommendedSettings.ts";
import type { Draw, Picture } from "./queue.ts";
import { pictureOf, StartPictures } from "./startPicture.ts";
import { readTexts, type HalfText } from "./sceneTexts.ts";
import { sceneWarnings } from "./sceneWarnings.ts";
import type { OpenPipeline, Pipeline } from "./service.ts";
import type { OpenUnet } from "./sessions/openUnet.ts";
import type { Progress } from "./sessions/networks.ts";
import type { Memo } from "./sessions/pairChoice.ts";
import { choosePrecision, Networks } from "./sessions/networks.ts";

const tell = (note: string) => void process.stderr.write(`info: ${note}\n`);

export const openPipeline: OpenPipeline = async (request, onProgress): Promise<Pipeline> => {
  onProgress(0, "Reading the checkpoint");
  const original = await openCheckpoint(request.path, {
    ...(request.prediction ? { prediction: request.prediction } : {}),
    ...(request.vae === undefined ? {} : { vae: request.vae }),
  });
  const vae = request.vae === undefined ? undefined : await openVae(request.vae, original);
  const tiny = request.tiny === undefined ? undefined : await openTiny(request.tiny);
  const checkpoint = vae ? withVae(original, vae) : original;
  const tokenizers = await createTokenizers(checkpoint);
  const [tokenizer] = tokenizers;
  const defaults = recommendedSettings(checkpoint);
  const memory =
    request.memory === "auto" ? chooseMemory(checkpoint, latentSize(checkpoint, defaults)) : request.memory;
  const sessions = {
    provider: request.provider,
    deviceId: request.deviceId ?? 0,
    memory,
    ...(request.threads === undefined ? {} : { threads: request.threads }),
    ...(request.forms ? { forms: request.forms } : {}),
    note: tell,
  };
  onProgress(0.2, `Trying ${request.provider}`);
  const precision = await choosePrecision(sessions);
  const hash = await checkpoint.hash();
  const networks = new Networks(checkpoint, sessions, precision, tokenizer.maxTokens, tiny);
  const decoding = await networks.closedIfItFails(async () => {
    onProgress(0.3, "Checking the weights");
    networks.validate();
    onProgress(0.5, "Opening the text encoder");
    await networks.encode(chunksOf(tokenizers, ""));
    return Decoding.of(networks, checkpoint, { vae, tiny, draft: request.draft ?? false });
  });
  const summary: ModelSummary = {
    path: checkpoint.path,
    name: checkpoint.name,
    provider: request.provider,
    memory,
    precision,
    weightBytes: checkpoint.weightBytes,
    parameters: checkpoint.parameters,
    family: checkpoint.family,
    prediction: checkpoint.scheduler.prediction,
    ...(checkpoint.distilled ? { distilled: checkpoint.distilled.name } : {}),
    notes: [...checkpoint.notes, ...(tiny ? doubtsAbout(tiny, checkpoint) : [])],
    ...(checkpoint.isPredictionGuessed ? { isPredictionGuessed: true } : {}),
    ...(vae ? { vae: vae.name } : {}),
    maxTokens: tokenizer.maxTokens,
    pixelsPerLatent: pixelsPerLatent(checkpoint),
    defaults,
  };
  onProgress(1, "Ready");
  return new DiffusionPipeline(checkpoint, tokenizers, networks, summary, { hash, decoding }, onProgress);
};

class DiffusionPipeline implements Pipeline {
  readonly summary: ModelSummary;
  readonly #checkpoint: Checkpoint;
  readonly #tokenizers: Tokenizers;
  readonly #embeddings: EmbeddingShelf;
  readonly #networks: Networks;
  readonly #hash: string;
  readonly #decoding: Decoding;
  readonly #onProgress: Progress;
  readonly #loras: LoraShelf;
  readonly #starts: StartPictures;
  readonly #beginnings = new Beginnings();

  constructor(
    checkpoint: Checkpoint,
    tokenizers: Tokenizers,
    networks: Networks,
    summary: ModelSummary,
    { hash, decoding }: { hash: string; decoding: Decoding },
    onProgress: Progress,
  ) {
    this.#checkpoint = checkpoint;
    this.#tokenizers = tokenizers;
    this.#networks = networks;
    this.summary = summary;
    this.#hash = hash;
    this.#decoding = decoding;
    this.#onProgress = onProgress;
    this.#embeddings = new EmbeddingShelf(checkpoint, tokenizers[0].maxTokens - 2);
    this.#starts = new StartPictures({
      unit: summary.pixelsPerLatent,
      encode: (planes, cells) => networks.encodePicture(planes, cells),
    });
    this.#loras = new LoraShelf(checkpoint, tell);
  }

  /** The tokens of the first encoder, which phrases are tied to; a second one has the same columns. */
  async tokenize({ prompt, promptWeights, embeddings }: PromptText): Promise<PromptTokens> {
    const { words } = await this.#embeddings.take(embeddings);
    const syntax = { weights: promptWeights, embeddings: words };
    const read = encode(this.#tokenizers[0], prompt, syntax);
    const { count, chunks, limit, tokens, lost } = read;
    return { count, chunks, limit, tokens, embeddings: read.embeddings, ...(lost ? { lost } : {}) };
  }

  async check(scene: Scene): Promise<SceneCheck> {
    const latent = latentSize(this.#checkpoint, scene.settings);
    const bytes = estimateBytes(
      this.#checkpoint,
      latent,
      this.summary.memory,
      this.summary.precision === "float16" ? 2 : 4,
    );
    const { words, problems } = await this.#embeddings.take(scene.settings.embeddings);
    const syntax = { weights: scene.settings.promptWeights, embeddings: words };
    const encoding = encode(this.#tokenizers[0], scene.prompt, syntax);
    const warnings = sceneWarnings(scene, encoding, latent);
    for (const { name, error } of problems) warnings.push({ kind: "embedding-unusable", name, problem: error.message });
    // Once a picture of this size has been drawn its memory is taken already, and free memory says nothing.
    const free = freemem();
    const tight = this.summary.provider === "cpu" && bytes > free + process.memoryUsage().rss;
    if (tight) warnings.push({ kind: "not-enough-memory", neededBytes: bytes, freeBytes: free });
    return { warnings, estimatedBytes: bytes };
  }

  readonly generate: Draw = async (scene, seed, options): Promise<Picture> => {
    const since = performance.now();
    const { settings } = scene;
    const size = latentSize(this.#checkpoint, settings);
    const loras = await this.#loras.take(lorasOf(scene).used);
    await this.#networks.use(loras);
    const embeddings = await this.#embeddings.take(settings.embeddings);
    if (embeddings.problems[0]) throw embeddings.problems[0].error;
    const method = await methodOf(settings.guidance.method);
    const readers = {
      tokenizers: this.#tokenizers,
      embeddings: embeddings.words,
      encode: (...of: Parameters<Networks["encode"]>) => this.#networks.encode(...of),
      width: this.#checkpoint.unet.config.contextWidth,
    };
    const { encoding, columns, learned, further, words, pairs, ...texts } = await readTexts(
      scene,
      method.texts?.(scene) ?? [],
      readers,
    );
    await heard(options.signal);
    const picture = scene.start && pictureOf(scene.start, options.start);
    const told = withHashes(scene, loras, embeddings.hashes, learned, picture);
    const identity = this.#identity(told, seed);
    const beginning = options.sharesBeginning ? this.#beginnings.of(told, identity) : undefined;
    const from = options.from ? stateFor(identity, options.from) : beginning?.farthest();
    const drawn = settingsDrawn(settings, scene.start);
    const sampler = createSampler(
      settings.scheduler,
      this.#checkpoint.scheduler,
      settings.steps,
      { spacing: spacingOf(settings), skip: settings.steps - drawn.steps },
      from?.sampler,
    );
    const { window, acting, program } = this.#lookOf(method, drawn, size);
    const unet = await this.#networks.unet(window, columns, program, this.#onProgress, {
      tiles: settings.attentionTiles ?? 1,
      reusesDeep: reusesDeep(drawn),
      pictures: options.seat ? this.#networks.picturesAtOnce(window, program) : 1,
    });
    await heard(options.signal);
    const conditioned = (half: HalfText) => this.#conditioning(half, settings, unet);
    const both = ({ prompt, negative }: Record<"prompt" | "negative", HalfText>): Conditionings => ({
      prompt: conditioned(prompt),
      negative: conditioned(negative),
    });

    const bound = bindRegions(scene, encoding, further);
    const target = lossGrid(size);
    const { config } = this.#checkpoint.unet;
    const count = config.inChannels * size.height * size.width;
    const variation = variationOf(settings);
    const first = firstNoise(seed, { channels: config.inChannels, ...size }, variation);
    const { noise } = first;
    const generator = from ? generatorAt(from.generator) : first.generator;
    const start = scene.start && picture && (await this.#starts.ready(scene.start, picture, size, from?.start));
    const begin = async () => {
      const encodeColours = (colours: readonly (readonly number[])[]) => this.#networks.encodeColours(colours, window);
      const own = await method.begin?.({ seed: variation?.of ?? seed, settings: acting, noise, encodeColours });
      const { initNoiseSigma, evaluations } = sampler;
      const latent = start?.begin(noise, evaluations[0]!, initNoiseSigma) ?? noise.map((v) => v * initNoiseSigma);
      return { latent, method: own ?? {} };
    };
    const begun = from ?? (await begin());
    let latent: Float32Array = begun.latent;
    const carried: MethodState = { ...begun.method };
    const { layers, attention: crossLayers } = unet;
    let rows = 1;
    const denoiser: Denoiser = {
      unet,
      config,
      prediction: this.#checkpoint.scheduler.prediction,
      evaluations: sampler.evaluations,
      method,
      layoutAt: layoutsOf(bound, drawn.steps, (regions) =>
        method.layout({
          ...{ regions, columns, picture: size, latent: window, target: unet.target },
          ...{ layers, attention: crossLayers, words },
        }),
      ),
      state: carried,
      guidance: drawn.guidance,
      guidanceScale: settings.guidanceScale,
      guidanceRescale: settings.guidanceRescale ?? 0,
      workAt: (step) => workAt(drawn, step),
      keepsGradient: (drawn.gradientEvery ?? 1) > 1,
      onRows: (some) => (rows = Math.max(rows, some)),
      ...(options.seat ? { seat: options.seat } : {}),
      ...both(texts),
      texts: new Map([...pairs].map(([name, pair]) => [name, { ...both(pair), words: pair.words }])),
    };

    const history: Record<string, number>[] = from ? [...from.obedience] : [];
    const seconds = () => (from?.seconds ?? 0) + (performance.now() - since) / 1000;
    const moment = () => ({
      ...{ step: history.length, seconds: seconds(), latent, method: carried, obedience: history },
      ...{ start: start?.memory() ?? {} },
      ...{ sampler: sampler.position(), generator: generator.position() },
    });
    const state = () => encodeState({ identity, ...moment() });
    const steps = Math.min(options.until ?? drawn.steps, drawn.steps);
    let foreseen: Float32Array | undefined;
    let attention: AttentionMaps = { width: target.width, height: target.height, regions: {} };
    const last = sampler.evaluations.length - 1;
    for (let i = from?.sampler.next ?? 0; i <= last && !foreseen; i++) {
      options.signal.throwIfAborted();
      const evaluation = sampler.evaluations[i]!;
      const denoised = await denoise(denoiser, i, latent);
      refuseNonsense(denoised.epsilon, evaluation.stepIndex);
      const stepped = sampler.step(i, denoised.latent, denoised.epsilon, () => generator.normal(count));
      const next = start?.kept(stepped, noise, sampler.evaluations[i + 1]) ?? stepped;
      const foresee = () => {
        const seen = sampler.predictOriginal(i, denoised.latent, denoised.epsilon);
        return start?.kept(seen, noise, undefined) ?? seen;
      };
      if (i < last && sampler.evaluations[i + 1]!.stepIndex === evaluation.stepIndex) {
        latent = next; // the step goes on with another evaluation
        continue;
      }
      attention = attentionOf(bound, denoised.maps, columns, target);
      const obeyed = obedienceOf(bound, attention);
      history.push(obeyed);
      const step = evaluation.stepIndex + 1;
      const shows = options.previewEvery > 0 && step % options.previewEvery === 0 && i < last;
      if (step === steps && i < last) foreseen = foresee();
      const preview = shows ? await this.#decoding.preview(foresee(), size) : undefined;
      latent = next;
      beginning?.note(step, moment);
      await options.onStep({
        step,
        steps,
        obedience: obeyed,
        ...(bound.length > 0 ? { loss: denoised.loss } : {}),
        ...(preview ? { preview } : {}),
        ...(options.attention ? { attention } : {}),
        state,
      });
    }
    options.signal.throwIfAborted();
    await this.#networks.rest(size);
    const fresh = await (foreseen ? this.#decoding.foreseen(foreseen, size) : this.#decoding.picture(latent, size));
    const pixels = start?.pasted(fresh) ?? fresh;
    const record = {
      ...this.#record(told, seed, bound, history, rows),
      ...(start ? { start: start.size } : {}),
    };
    return {
      pixels,
      obedience: history,
      attention,
      seconds: seconds(),
      record: foreseen ? { ...record, scouted: steps } : record,
      ...(foreseen ? { state: state() } : {}),
      ...(beginning ? { shared: from?.step ?? 0 } : {}),
    };
  };

  /** Several only where steps have both halves: what is not asked for together is not faster side by side. */
  async atOnce({ settings, start }: Scene): Promise<number> {
    if (settings.guidanceScale === 1 || this.#checkpoint.unet.config.guidanceWidth) return 1;
    const method = await methodOf(settings.guidance.method);
    const { window, program } = this.#lookOf(method, settingsDrawn(settings, start), latentSize(this.#checkpoint, settings)); // prettier-ignore
    return this.#networks.picturesAtOnce(window, program);
  }

  /** What a method looks at in a picture, and by which program. */
  #lookOf(method: LayoutMethod, { guidance, steps }: SceneSettings, size: Grid) {
    const acting = actingGuidance(guidance, steps);
    const window = method.window?.(size, this.#checkpoint.unet.config.sampleSize ?? 64) ?? size;
    return { acting, window, program: method.programOf?.(acting) ?? method.program };
  }

  remember(memo: Memo): void {
    this.#networks.remember(memo);
  }

  async close(): Promise<void> {
    await this.#networks.close();
  }

  #conditioning({ states, reach, pooled }: HalfText, { width, height }: SceneSettings, unet: OpenUnet): Conditioning {
    const isEverywhere = reach.every((where) => where === "everywhere");
    const text = { context: states, ...(isEverywhere ? {} : { mask: columnMasks(reach, unet.latent, unet.layers) }) };
    const { addition, ...config } = this.#checkpoint.unet.config;
    if (!addition || !pooled) return text;
    // As if the picture had been trained on at the size wanted, uncropped: what gives the best pictures (SDXL, arXiv 2307.01952, 2.2).
    const sizes = [height, width, 0, 0, height, width] as const;
    return { ...text, addition: additionFeatures(pooled, sizes, { ...config, addition }) };
  }

  /** What a picture's state belongs to. */
  #identity(scene: Scene, seed: string): StateIdentity {
    const { name, provider, precision, prediction } = this.summary;
    const model = { name, hash: this.#hash, prediction };
    return { scene: sceneHash(scene), seed, model, device: `${provider}, ${precision}` };
  }

  #record(
    scene: Scene,
    seed: string,
    bound: readonly BoundRegion[],
    history: readonly Record<string, number>[],
    rows: number,
  ): RunRecord {
    const { name, provider, precision } = this.summary;
    const vae = this.#decoding.record;
    return {
      version: 1,
      scene,
      seed,
      model: { name, hash: this.#hash, ...(vae ? { vae } : {}) },
      engine: {
        app: packageJson.version,
        onnxruntime: ort.env.versions.node ?? "",
        provider,
        precision,
        noise: "torch-cpu",
        ...(rows > 1 ? { rows } : {}),
      },
      tokens: Object.fromEntries(bound.map(({ region, tokens }) => [region.id, [...tokens]])),
      obedience: history.at(-1) ?? {},
      ...(bound.length > 0 ? { course: courseOf(history) } : {}),
    };
  }
}

/** A network that leaves its number range gives a black picture; better to stop at once and say so. */
function refuseNonsense(epsilon: Numbers, step: number): void {
  if (epsilon.every(Number.isFinite)) return;
  const problem = `The network's numbers ran out of range at step ${step + 1}. Lower the strengths of the layout method, or use the provider cpu, which computes in float32.`;
  throw new AppError("scene-invalid", problem, { at: "settings.guidance" });
}
