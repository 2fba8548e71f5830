/** The host's side of pairing: one code at a time, good for some minutes and some tries. */
import type { WebSocket } from "ws";
import * as v from "valibot";
import { decode, encode, GREETING_BOUNDS } from "./codec.ts";
import type { Limits } from "./limits.ts";
import type { PairedMachines } from "./pairedMachines.ts";
import { isProof, newCode, PairingSecret } from "./pairingCode.ts";
import { CLOSED, greetingSchema, pairConfirmSchema, pairHelloSchema, PROTOCOL, type Refusal } from "./protocol.ts";
import { nextMessage } from "./wait.ts";

export interface OpenPairing {
  /** As it is shown. */
  code: string;
  /** Milliseconds since 1970. */
  until: number;
  left: number;
}

export interface PairingOptions {
  name: string;
  app: string;
  fingerprint: string;
  paired: PairedMachines;
  limits: Limits;
  now: () => number;
  /** A machine was paired, by this name. */
  onPaired: (name: string) => void;
  /** A try of the code that is shown failed; `left` more may be made. `wrong`: with another code; `left-off`: it ended without one. */
  onFailed: (why: "wrong" | "left-off", left: number) => void;
}

interface Try {
  open: OpenPairing;
  hello: v.InferOutput<typeof pairHelloSchema>;
  /** Fingerprint of the other side's certificate. */
  client: string;
  refuse: (why: Refusal, left?: number) => void;
}

export class Pairing {
  readonly #options: PairingOptions;
  #open: OpenPairing | undefined;

  constructor(options: PairingOptions) {
    this.#options = options;
  }

  /** The code that can be typed now; undefined where none can. */
  get open(): OpenPairing | undefined {
    // One whose last try is being made stays what it is until that has ended.
    const isOpen = this.#open && this.#open.left > 0 && this.#options.now() <= this.#open.until;
    return isOpen ? this.#open : undefined;
  }

  /** Makes another code, in place of the one before. */
  begin(): OpenPairing {
    const { limits, now } = this.#options;
    return (this.#open = { code: newCode(), until: now() + limits.code, left: limits.tries });
  }

  /** One try of a machine with this certificate. Rejects with what is no word of ours. */
  async meet(socket: WebSocket, client: string): Promise<void> {
    const { app, limits } = this.#options;
    const refuse = (why: Refusal, left?: number) => {
      const more = left === undefined ? {} : { left };
      socket.send(encode({ kind: "refused", why, protocol: PROTOCOL, app, ...more }));
      socket.close(CLOSED.refused, why);
    };
    const word = decode(await nextMessage(socket, limits.greeting), GREETING_BOUNDS);
    if (v.parse(greetingSchema, word).protocol !== PROTOCOL) {
      refuse("version");
      return;
    }
    const hello = v.parse(pairHelloSchema, word);
    const open = this.open;
    if (!open) {
      refuse("pairing-closed");
      return;
    }
    // Counted before anything is answered: who goes away after a look has had a try.
    open.left--;
    let ended: "paired" | "wrong" | "left-off" = "left-off";
    try {
      ended = await this.#try(socket, { open, hello, client, refuse });
    } finally {
      // Whoever shows the code hears of every try: it may be a stranger's, and makes the code void after some.
      if (ended !== "paired" && this.#open === open) this.#options.onFailed(ended, open.left);
    }
  }

  async #try(socket: WebSocket, { open, hello, client, refuse }: Try): Promise<"paired" | "wrong" | "left-off"> {
    const { name, app, fingerprint, paired, limits } = this.#options;
    const secret = new PairingSecret(open.code, { host: fingerprint, client });
    socket.send(encode({ kind: "share", protocol: PROTOCOL, app, share: secret.share }));
    const proofs = secret.proofs({ host: secret.share, client: hello.share }, "client");
    const confirm = v.parse(pairConfirmSchema, decode(await nextMessage(socket, limits.greeting), GREETING_BOUNDS));
    if (this.#open !== open || this.#options.now() > open.until) {
      refuse("pairing-closed");
      return "left-off";
    }
    if (!proofs || !isProof(confirm.proof, proofs.client)) {
      refuse("wrong-code", open.left);
      return "wrong";
    }
    this.#open = undefined; // one code pairs one machine
    const called = paired.add(hello.name, client);
    socket.send(encode({ kind: "paired", proof: proofs.host, name }));
    socket.close(1_000);
    this.#options.onPaired(called);
    return "paired";
  }
}
