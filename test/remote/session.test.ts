/** A conversation that outlives its connection: over lines that are cut at any message, all comes, in order, each once. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decode, encode } from "../../src-main/remote/codec.ts";
import { fleetingEvents, type Line, Session } from "../../src-main/remote/session.ts";
import { AppError } from "../../src-main/wire/errors.ts";

const over = new AppError("service-crashed", "over", { service: "test", exitCode: null, signal: null });
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function newSession(mostKept = 1e6) {
  const heard: unknown[] = [];
  const overflows: number[] = [];
  const session = new Session({
    mostKept,
    isFleeting: fleetingEvents("step"),
    onOverflow: () => overflows.push(session.keptBytes),
  });
  session.port.onMessage((message) => heard.push(message));
  return { session, heard, overflows };
}

/** Joins two sessions by lines that lose everything after so many frames. */
function join(a: Session, b: Session, frames = Infinity) {
  let left = frames;
  const queue: (() => void)[] = [];
  const lineTo = (other: Session): Line => ({
    waiting: 0,
    send: (frame) => queue.push(() => other.take(frame)),
  });
  const [toB, toA] = [lineTo(b), lineTo(a)];
  const [ofA, ofB] = [a.received, b.received]; // as the greetings say it
  a.attach(toB, ofB);
  b.attach(toA, ofA);
  const run = () => {
    while (queue.length > 0 && left-- > 0) queue.shift()!();
  };
  const cut = () => {
    queue.length = 0;
    a.detach(toB);
    b.detach(toA);
  };
  return { run, cut };
}

test("whatever is cut at whatever place, each message comes once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ posts: fc.nat(5), replies: fc.nat(5), frames: fc.nat(8) })),
      async (parts) => {
        const [a, b] = [newSession(), newSession()];
        let [sent, replied] = [0, 0];
        for (const { posts, replies, frames } of parts) {
          const { run, cut } = join(a.session, b.session, frames);
          for (let i = 0; i < posts; i++) a.session.port.post({ n: ++sent });
          run();
          for (let i = 0; i < replies; i++) b.session.port.post({ n: ++replied });
          run();
          await turn(); // acknowledgements
          run();
          cut();
          a.session.port.post({ n: ++sent }); // said while nobody listens
        }
        const { run } = join(a.session, b.session);
        run();
        await turn();
        run();
        const numbers = (count: number) => Array.from({ length: count }, (_, i) => ({ n: i + 1 }));
        expect(b.heard).toEqual(numbers(sent));
        expect(a.heard).toEqual(numbers(replied));
        expect([a.session.keptBytes, b.session.keptBytes]).toEqual([0, 0]);
      },
    ),
    { numRuns: 60 },
  );
});

test("steps are lost where there is no connection, or one that does not keep up; pictures are not", () => {
  const { session } = newSession();
  const step = { kind: "event", name: "step", payload: {} };
  const image = { kind: "event", name: "image", payload: {} };
  session.port.post(step);
  session.port.post(image);
  const sent: unknown[] = [];
  const line = {
    waiting: 0,
    send: (frame: Uint8Array) => void sent.push((decode(frame) as { message: unknown }).message),
  };
  session.attach(line, 0);
  session.port.post(step);
  line.waiting = 1e6;
  session.port.post(step);
  session.port.post(image);
  expect(sent).toEqual([image, step, image]);
});

test("what is kept for the other side has a bound, and whoever fills it can wait for room", async () => {
  const { session, overflows } = newSession(1_000);
  const line: Line = { waiting: 0, send: () => undefined };
  session.attach(line, 0);
  session.port.post({ bytes: new Uint8Array(700) });
  let hasRoom = false;
  const waiting = session.room(500).then(() => (hasRoom = true));
  await turn();
  expect(hasRoom).toBe(false);
  session.port.post({ bytes: new Uint8Array(700) });
  expect(overflows).toEqual([session.keptBytes]); // and the message was not taken
  session.take(encode({ kind: "ack", received: 1 }));
  await waiting;
  expect([hasRoom, session.keptBytes]).toEqual([true, 0]);
});

test.each([
  ["a gap", { kind: "data", number: 2, received: 0, message: 1 }, /came after 0/],
  ["acknowledging what was never sent", { kind: "ack", received: 5 }, /cannot have come/],
  ["another kind", { kind: "shout" }, /no frame of ours/],
  ["a number that is none", { kind: "data", number: -1, received: 0, message: 1 }, /no frame of ours/],
  ["more than a frame has", { kind: "ack", received: 0, extra: 1 }, /no frame of ours/],
])("%s is refused", (_, frame, why) => {
  expect(() => newSession().session.take(encode(frame))).toThrow(why);
});

test("what the other side has heard of a session that is gone is not believed of the next one", () => {
  const { session } = newSession();
  const line: Line = { waiting: 0, send: () => undefined };
  session.attach(line, Number.MAX_SAFE_INTEGER); // nor counted to
  session.port.post({ n: 1 });
  session.take(encode({ kind: "ack", received: 1 }));
  expect([session.keptBytes, session.canResume(1)]).toEqual([0, true]);
});

test("a session that has ended tells why, keeps nothing and takes nothing", async () => {
  const { session } = newSession();
  session.port.post({ n: 1 });
  const reasons: AppError[] = [];
  session.port.onClose((why) => reasons.push(why));
  session.end(over);
  session.port.onClose((why) => reasons.push(why));
  session.port.post({ n: 2 });
  await session.room(0);
  expect([reasons, session.keptBytes, session.canResume(0)]).toEqual([[over, over], 0, false]);
});
