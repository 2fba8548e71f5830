/** Both halves of a step of a checkpoint on numbers that are always the same, in whatever way the machine at hand has them computed. */
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { LoraShelf } from "../../src-main/engine/loraShelf.ts";
import { Networks, type Shortcuts } from "../../src-main/engine/sessions/networks.ts";
import type { BothInputs, OpenUnet, UnetInputs } from "../../src-main/engine/sessions/openUnet.ts";
import type { Memo } from "../../src-main/engine/sessions/pairChoice.ts";
import type { SessionOptions } from "../../src-main/engine/sessions/session.ts";
import { layoutOf } from "../../src-main/guidance/layout.ts";
import { STEERING, steeringFeeds } from "../../src-main/guidance/steering.ts";
import type { SceneLora } from "../../src-main/scene/scene.ts";
import { normals } from "./randomNumbers.ts";

export interface Halves {
  unet: OpenUnet;
  networks: Networks;
  inputs: BothInputs;
}

export interface HalvesOptions {
  memo?: Memo;
  shortcuts?: Shortcuts & { pictures?: number };
  /** Of 77 tokens or how many the checkpoint takes; more than one are masked. */
  chunks?: number;
  loras?: readonly SceneLora[];
}

/** The network for a latent of 8 x 12 and a box on the second and the fourth word; text of one chunk, or of two, which is then masked. */
export async function openHalves(
  folder: string,
  tokens: number,
  options: SessionOptions,
  { memo, shortcuts = {}, chunks = 1, loras = [] }: HalvesOptions = {},
): Promise<Halves> {
  const checkpoint = await openCheckpoint(folder);
  const { config } = checkpoint.unet;
  const networks = new Networks(checkpoint, options, "float32", tokens);
  if (memo) networks.remember(memo);
  const latent = { height: 8, width: 12 };
  const columns = tokens * chunks;
  const used = loras.map((lora) => ({ lora, strength: lora.strength, textStrength: 0 }));
  await networks.use(await new LoraShelf(checkpoint, () => undefined).take(used));
  const unet = await networks.unet(latent, columns, STEERING, () => undefined, shortcuts);
  const region = { id: "r", box: { x: 0.1, y: 0.3, width: 0.5, height: 0.6 }, spans: [], strength: 1 };
  const layout = layoutOf([{ region, tokens: [1, 3] }], columns, latent, unet.target, unet.layers);
  const random = (n: number, seed: number, scale = 1) => Float32Array.from(normals([n], seed), (v) => v * scale);
  const half = (strength: number, seed: number): UnetInputs => ({
    latent: random(config.inChannels * 8 * 12, 1),
    time: random(config.blockOutChannels[0]!, 2),
    context: random(columns * config.contextWidth, seed, 0.3),
    ...(config.addition ? { addition: random(config.addition.width, seed + 1) } : {}),
    feeds: steeringFeeds(layout, strength),
    ...(chunks > 1 ? { mask: new Map(unet.layers.map(({ height, width }) => [`${height}x${width}`, random(height * width * columns, seed + 2)])) } : {}), // prettier-ignore
  });
  return { unet, networks, inputs: { prompt: half(1.2, 3), negative: half(0, 7) } };
}

/** What both halves gave, by name. */
export async function bothOutputs({ unet, inputs }: Halves, gradient: boolean): Promise<Record<string, Float32Array>> {
  const { prompt, negative, rows } = await unet.both(inputs, gradient);
  return {
    rows: new Float32Array([rows]),
    prediction: prompt.prediction,
    negative: negative.prediction,
    maps: prompt.maps,
    loss: new Float32Array([prompt.loss]),
    ...(prompt.gradient ? { gradient: prompt.gradient } : {}),
    ...(prompt.deep && negative.deep ? { deep: prompt.deep, deepNegative: negative.deep } : {}),
  };
}
