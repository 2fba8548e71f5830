/** What of a repository is fetched: weights as safetensors, JSON and text, and of several precisions the one of 16 bits. */
import type { HubFile } from "./unfinished.ts";

/** A set of files that make a model. */
export interface Selection {
  id: string;
  title: string;
  files: HubFile[];
}

/** Parts of a checkpoint that are drawn with; a safety checker and a feature extractor are none of them. */
const PARTS = /^(unet|vae|text_encoder|text_encoder_2|tokenizer|tokenizer_2|scheduler)\/[^/]+$/;
const TEXTS = /\.(json|txt)$/;
const WEIGHTS = /\.safetensors$/;
/** Other programs' copies of the same. */
const OTHERS = /(^|\/)(flax_model|tf_model|rust_model|onnx|openvino|open_clip_)|\.(msgpack|onnx|bin|ckpt|h5|pb)$/;

/** Ways to fetch these files, best first. */
export function selections(files: readonly HubFile[]): Selection[] {
  const usable = files.filter(({ path }) => (TEXTS.test(path) || WEIGHTS.test(path)) && !OTHERS.test(path));
  const folder = pipeline(usable);
  const atRoot = usable.filter(({ path }) => !path.includes("/"));
  const weights = atRoot.filter(({ path }) => WEIGHTS.test(path)).sort((a, b) => a.bytes - b.bytes);
  const part = atRoot.find(({ path }) => path === "config.json");
  const singles = weights.map((file): Selection => {
    // A part in diffusers' or transformers' form is read with its configuration.
    const isPart = part !== undefined && /^(diffusion_pytorch_model|model)(\.|$)/.test(file.path);
    const beside = isPart
      ? atRoot.filter(({ path }) =>
          /^(config|preprocessor_config|vocab|tokenizer.*|special_tokens_map)\.json$|^merges\.txt$/.test(path),
        )
      : [];
    return { id: file.path, title: file.path, files: [...beside, file] };
  });
  return [...(folder ? [folder] : []), ...singles];
}

/** The folder in diffusers' layout, where it is whole. Its index comes last: until that is there it is no checkpoint. */
function pipeline(files: readonly HubFile[]): Selection | undefined {
  const index = files.find(({ path }) => path === "model_index.json");
  if (!index) return undefined;
  const parts = Map.groupBy(
    files.filter(({ path }) => PARTS.test(path)),
    ({ path }) => path.split("/")[0]!,
  );
  const chosen: HubFile[] = [];
  let isHalf = true;
  for (const [, inPart] of [...parts].sort(([a], [b]) => a.localeCompare(b))) {
    chosen.push(...inPart.filter(({ path }) => TEXTS.test(path) && !/\.index(\.\w+)?\.json$/.test(path)));
    const set = weightsOf(inPart);
    chosen.push(...set.files);
    if (set.files.length > 0 && !set.isHalf) isHalf = false;
  }
  for (const needed of ["unet/", "vae/", "text_encoder/"]) {
    if (!chosen.some(({ path }) => path.startsWith(needed) && WEIGHTS.test(path))) return undefined;
  }
  const settings = files.filter(({ path }) => path === "diorama.json");
  const title = isHalf ? "The whole folder, 16-bit weights" : "The whole folder";
  return { id: "folder", title, files: [...chosen, ...settings, index] };
}

/** The 16-bit set where there is one, else the plain one; of one in several parts all, with their index. */
function weightsOf(files: readonly HubFile[]): { files: HubFile[]; isHalf: boolean } {
  const weights = files.filter(({ path }) => WEIGHTS.test(path) && !/non_ema/.test(path));
  const half = weights.filter(({ path }) => /\.fp16[.-]/.test(path));
  const plain = weights.filter(({ path }) => !/\.(fp16|bf16|fp32)[.-]/.test(path));
  const set = half.length > 0 ? half : plain;
  const whole = set.filter(({ path }) => !/-\d{5}-of-\d{5}/.test(path));
  if (whole.length > 0 || set.length === 0) return { files: whole.slice(0, 1), isHalf: half.length > 0 };
  const indexes = files.filter(({ path }) => /\.safetensors\.index(\.\w+)?\.json$/.test(path));
  const index = indexes.filter(({ path }) => path.includes("fp16") === half.length > 0);
  return { files: [...set, ...index], isHalf: half.length > 0 };
}
