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
  /** A try failed; `left` more may be made. */
  onWrong: (left: number) => void;
}

export class Pairing {
  readonly #options: PairingOptions;
  #open: OpenPairing | undefined;

  constructor(options: PairingOptions) {
    this.#options = options;
  }

  /** The code that can be typed now; undefined where none can. */
  get open(): OpenPairing | undefined {
    if (this.#open && (this.#open.left <= 0 || this.#options.now() > this.#open.until)) this.#open = undefined;
    return this.#open;
  }

  /** Makes another code, in place of the one before. */
  begin(): OpenPairing {
    const { limits, now } = this.#options;
    return (this.#open = { code: newCode(), until: now() + limits.code, left: limits.tries });
  }

  /** One try of a machine with this certificate. Rejects with what is no word of ours. */
  async meet(socket: WebSocket, client: string): Promise<void> {
    const { name, app, fingerprint, paired, limits } = this.#options;
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
    const secret = new PairingSecret(open.code, { host: fingerprint, client });
    socket.send(encode({ kind: "share", protocol: PROTOCOL, app, share: secret.share }));
    const proofs = secret.proofs({ host: secret.share, client: hello.share }, "client");
    const confirm = v.parse(pairConfirmSchema, decode(await nextMessage(socket, limits.greeting), GREETING_BOUNDS));
    if (this.#open !== open || this.#options.now() > open.until) {
      refuse("pairing-closed");
      return;
    }
    if (!proofs || !isProof(confirm.proof, proofs.client)) {
      this.#options.onWrong(open.left);
      refuse("wrong-code", open.left);
      return;
    }
    this.#open = undefined; // one code pairs one machine
    const called = paired.add(hello.name, client);
    socket.send(encode({ kind: "paired", proof: proofs.host, name }));
    socket.close(1_000);
    this.#options.onPaired(called);
  }
}
