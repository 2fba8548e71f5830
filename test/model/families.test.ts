/**
 * Forward passes of Stable Diffusion 1, 2 and XL against diffusers, read from folders and from single files. The noise predictor of XL is
 * fed a tenth of the context (tiny-sdxl.mild, diffusers in float64): with all of it this random network's attention saturates, and
 * rounding alone moves diffusers' own float32 prediction by 7%.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Checkpoint } from "../../src-main/checkpoint/checkpoint.ts";
import { OrtSession } from "../../src-main/engine/sessions/session.ts";
import { TextEncoders } from "../../src-main/engine/sessions/textEncoders.ts";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { Module } from "../../src-main/model/layers.ts";
import { additionFeatures, timestepFeatures } from "../../src-main/model/features.ts";
import { unet } from "../../src-main/model/unet.ts";
import { vaeDecoder, vaeEncoder } from "../../src-main/model/vae.ts";
import { FAMILIES, GOLDENS, openGolden } from "../support/familyGoldens.ts";
import { relativeError } from "../support/closeness.ts";
import { readTensors } from "../support/tensors.ts";

const RUN = { provider: "cpu", memory: "fast", threads: 1 } as const;
type Numbers = Float32Array<ArrayBuffer>;

/** What a checkpoint makes of the goldens' inputs: text, the noise predictor at two sizes and steps, the autoencoder. */
async function passes(
  checkpoint: Checkpoint,
  golden: (key: string) => Numbers,
  row: (key: string, n: number) => Numbers,
): Promise<Record<string, Numbers>> {
  const made: Record<string, Numbers> = {};
  const { config } = checkpoint.unet;
  const encoders = new TextEncoders(checkpoint, "fast", 77);
  for (const n of [0, 1]) {
    const ids = ["text.ids", ...(checkpoint.text2 ? ["text2.ids"] : [])].map((key) => [
      ...golden(key).subarray(77 * n, 77 * (n + 1)),
    ]);
    const end = ids[0]!.indexOf(658, 1);
    const { context, pooled } = await encoders.encode(
      ids.map((each) => [{ ids: each, weights: each.map(() => 1), learned: [], end }]),
    );
    made[`context.${n}`] = context;
    if (pooled) made[`pooled.${n}`] = pooled;
    for (const size of ["16x16", "16x24"]) {
      const [height, width] = size.split("x").map(Number) as [number, number];
      const g = new GraphBuilder();
      const input = (name: string, ...shape: number[]) => g.input(name, "float32", shape);
      const { prediction } = unet(new Module(g, checkpoint.unet.weights, "float32"), config, {
        latent: input("latent", 1, 4, height, width),
        time: input("time", 1, config.blockOutChannels[0]!),
        context: input("context", 77, config.contextWidth),
        ...(config.addition ? { addition: input("addition", 1, config.addition.width) } : {}),
      });
      const session = await OrtSession.open(g.finish({ prediction }), RUN);
      for (const step of ["41.5", "981"]) {
        const { addition, ...rest } = config;
        const sizes = addition && [...golden("add_time_ids").subarray(6 * n, 6 * (n + 1))];
        const cells = 4 * height * width;
        const out = await session.run({
          latent: golden(`unet.${size}.x`).slice(n * cells, (n + 1) * cells),
          time: timestepFeatures(Number(step), config.blockOutChannels[0]!, config),
          context: row("unet.context", n).slice(),
          ...(addition
            ? { addition: additionFeatures(pooled!, sizes as [number, number, number, number, number, number], { ...rest, addition }) }
            : {}),
        }); // prettier-ignore
        made[`unet.${size}.${step}.${n}`] = out["prediction"]!;
      }
      await session.close();
    }
  }
  await encoders.close();
  const { config: vae, weights } = checkpoint.vae;
  const decoder = new GraphBuilder();
  const latent = decoder.input("latent", "float32", [1, 4, 6, 8]);
  const decoding = await OrtSession.open(
    decoder.finish({ picture: vaeDecoder(new Module(decoder, weights, "float32"), vae, latent) }),
    RUN,
  );
  const scaled = golden("vae.latent").map((v) => v / vae.scalingFactor);
  made["vae.image"] = (await decoding.run({ latent: scaled }))["picture"]!;
  await decoding.close();
  const encoder = new GraphBuilder();
  const picture = encoder.input("picture", "float32", [1, 3, 32, 48]);
  const encoding = await OrtSession.open(
    encoder.finish({ mean: vaeEncoder(new Module(encoder, weights, "float32"), vae, picture) }),
    RUN,
  );
  made["vae.encode.mean"] = (await encoding.run({ picture: golden("vae.encode.image") }))["mean"]!;
  await encoding.close();
  return made;
}

describe.each(FAMILIES)("%s", (family) => {
  const { tensors } = readTensors(`${GOLDENS}/tiny-${family}.forward.safetensors`);
  if (family === "sdxl") {
    for (const [key, tensor] of readTensors(`${GOLDENS}/tiny-sdxl.mild.safetensors`).tensors) {
      tensors.set(key === "context" ? "unet.context" : key, tensor);
    }
  } else tensors.set("unet.context", tensors.get("text.last_hidden")!);
  const golden = (key: string) => tensors.get(key)!.data;
  const row = (key: string, n: number) => {
    const all = golden(key);
    return all.subarray((n * all.length) / 2, ((n + 1) * all.length) / 2);
  };
  let single: Record<string, Numbers>;
  let folder: Record<string, Numbers>;
  beforeAll(async () => {
    single = await passes(await openGolden(family, "single"), golden, row);
    folder = await passes(await openGolden(family, "folder"), golden, row);
  }, 120_000);
  afterAll(() => {
    single = folder = {};
  });

  test("text, noise predictor and autoencoder are diffusers'", () => {
    for (const n of [0, 1]) {
      const states = family === "sdxl" ? row("context", n) : row("text.last_hidden", n);
      expect(relativeError(single[`context.${n}`]!, states), `states of prompt ${n}`).toBeLessThan(1e-4);
      if (family === "sdxl") expect(relativeError(single[`pooled.${n}`]!, row("text2.pooled", n))).toBeLessThan(1e-4);
      for (const size of ["16x16", "16x24"]) {
        for (const step of ["41.5", "981"]) {
          const error = relativeError(single[`unet.${size}.${step}.${n}`]!, row(`unet.${size}.${step}.out`, n));
          expect(error, `prediction at ${size}, step ${step}`).toBeLessThan(1e-4);
        }
      }
    }
    expect(relativeError(single["vae.image"]!, golden("vae.image"))).toBeLessThan(1e-4);
    expect(relativeError(single["vae.encode.mean"]!, golden("vae.encode.mean"))).toBeLessThan(1e-4);
  });

  test("the single file gives the folder's numbers exactly", () => {
    expect(Object.keys(single)).toEqual(Object.keys(folder));
    for (const [key, values] of Object.entries(folder)) expect(relativeError(single[key]!, values), key).toBe(0);
  });
});
