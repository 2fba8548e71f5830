/** A process that tries one operator on one execution provider, then those that only this provider has, answers, and waits to be killed; see providers.ts. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { messageOf } from "../wire/errors.ts";
import { parentPort } from "../wire/ports.ts";
import { closeInheritedSockets } from "../service/inherited.ts";
import type { FormFinding } from "./sessions/ownOperators.ts";
import { toOrtProviders, type ProbeAnswer, type ProbeQuestion } from "./providers.ts";

/** The ONNX model `y = Relu(x)` on one float32, IR 8, opset 17. */
const RELU = "CAg6NwoMCgF4EgF5IgRSZWx1EgVwcm9iZVoPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCAhAR";

closeInheritedSockets();
const port = parentPort(process);
port.onMessage(() => undefined); // keeps the channel, and with it the process, alive until the answer has been read
port.onClose(() => process.exit());

const packageFile = createRequire(import.meta.url).resolve("onnxruntime-node/package.json");
const libraryFolder = join(dirname(packageFile), "bin", "napi-v6", process.platform, process.arch);

const question = JSON.parse(process.env["DIORAMA_PROBE"] ?? "{}") as ProbeQuestion;
const answer = await attempt(question).then(succeeded, failed);
port.post(answer);
if (answer.error === undefined && question.triesForms) port.post({ ...answer, forms: await formsOf(question) });

async function attempt({ provider, deviceId }: ProbeQuestion): Promise<void> {
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  const { extra, ...options } = toOrtProviders(provider, deviceId);
  const session = await InferenceSession.create(Buffer.from(RELU, "base64"), {
    ...options,
    // Falling back to the processor would hide that the provider does not work.
    extra: provider === "cpu" ? extra : { ...extra, "session.disable_cpu_ep_fallback": "1" },
  });
  const { y } = await session.run({ x: new Tensor("float32", [3], [1]) });
  if (y?.data[0] !== 3) throw new Error(`Relu(3) gave ${String(y?.data[0])}`);
}

async function formsOf({ provider, deviceId }: ProbeQuestion): Promise<FormFinding[]> {
  const { tryForms } = await import("./sessions/formProbe.ts");
  return tryForms({ provider, deviceId, memory: "fast" });
}

function succeeded(): ProbeAnswer {
  return { libraryFolder };
}

function failed(error: unknown): ProbeAnswer {
  return { libraryFolder, error: messageOf(error) };
}
