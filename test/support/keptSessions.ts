/**
 * Imported for its effect: ONNX Runtime opens each model once in a test file. A pipeline closes a network when a picture of another method,
 * size or length of prompt comes, and opening it anew takes longer than the tiny pictures of tests, which go back and forth between a few. What
 * a session computes does not depend on what it has computed before. Not for tests of opening, closing, memory, or files of weights that change.
 */
import { createHash } from "node:crypto";
import * as ort from "onnxruntime-node";
import { afterAll } from "vitest";

type Session = ort.InferenceSession;
type Create = (model: Uint8Array, options: ort.InferenceSession.SessionOptions) => Promise<Session>;

const sessions = ort.InferenceSession as unknown as { create: Create };
const create = sessions.create.bind(sessions);
const kept = new Map<string, Promise<Session>>();

sessions.create = async (model, options) => {
  const key = createHash("sha256").update(model).update(JSON.stringify(options)).digest("hex");
  let session = kept.get(key);
  if (!session) {
    session = create(model, options);
    kept.set(key, session);
    session.catch(() => kept.delete(key));
  }
  // Who opened it may close it: the session itself stays for the next who opens the same.
  return Object.create(await session, { release: { value: () => Promise.resolve() } }) as Session;
};

afterAll(async () => {
  sessions.create = create;
  for (const session of kept.values()) await (await session).release();
}, 120_000);
