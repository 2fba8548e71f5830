/**
 * Noise equal to `torch.randn` on PyTorch's CPU generator, so that a seed gives the picture it gives elsewhere.
 *
 * The generator is MT19937 (Matsumoto & Nishimura 1998), seeded with the low 32 bits of the 64-bit seed, as torch does.
 * Normals come from Box-Muller, but in two ways: 16 or more at once are float32 in blocks of 16 (ATen's `normal_fill`),
 * fewer are float64 pairs (`at::normal_distribution<double>`) whose second half waits in the generator for the next
 * small draw.
 */
import { AppError } from "../wire/errors.ts";
import type { Seed } from "../scene/scene.ts";
import { log32, sinCos32 } from "./cephes.ts";

const WORDS = 624;
const SHIFT = 397;
const BLOCK = 16;

const TWO_PI = Math.fround(2 * Math.PI);

/** The seed's 64 bits. Negative seeds down to -2^63 mean their two's complement, as for `torch.manual_seed`. */
export function parseSeed(seed: Seed): bigint {
  const value = /^-?\d{1,20}$/.test(seed) ? BigInt(seed) : undefined;
  if (value === undefined || value < -(2n ** 63n) || value >= 2n ** 64n) {
    throw new AppError("scene-invalid", `seed: expected a whole number from 0 to 18446744073709551615, got "${seed}"`, {
      at: "seed",
    });
  }
  return BigInt.asUintN(64, value);
}

/** Where a generator is in its sequence: all that its next draws follow from. */
export interface GeneratorPosition {
  /** 624 words of the twister. */
  readonly words: Uint32Array;
  /** How many of them are used up. */
  readonly used: number;
  /** The half of a pair of normals that waits for the next small draw. */
  readonly spare: number | undefined;
}

/** A seeded generator; every draw goes on where the last one ended, as with a `torch.Generator`. */
export class TorchGenerator {
  readonly #state = new Uint32Array(WORDS);
  #next = WORDS;
  #spare: number | undefined;

  constructor(seed: Seed) {
    this.#state[0] = Number(BigInt.asUintN(32, parseSeed(seed)));
    for (let j = 1; j < WORDS; j++) {
      const before = this.#state[j - 1]!;
      this.#state[j] = Math.imul(1812433253, before ^ (before >>> 30)) + j;
    }
  }

  position(): GeneratorPosition {
    return { words: this.#state.slice(), used: this.#next, spare: this.#spare };
  }

  /** A generator that goes on from there; undefined where no generator can be. */
  static at({ words, used, spare }: GeneratorPosition): TorchGenerator | undefined {
    if (words.length !== WORDS || !Number.isInteger(used) || used < 0 || used > WORDS) return undefined;
    const generator = new TorchGenerator("0");
    generator.#state.set(words);
    generator.#next = used;
    generator.#spare = spare;
    return generator;
  }

  /** As `torch.rand(count)`: fractions from 0 to 1, without 1. */
  uniform(count: number): Float32Array<ArrayBuffer> {
    return Float32Array.from({ length: count }, () => this.#uniform32());
  }

  /** As `torch.randn(count)`; the shape does not matter, for torch fills contiguous memory in order. */
  normal(count: number): Float32Array<ArrayBuffer> {
    if (count < BLOCK) return Float32Array.from({ length: count }, () => this.#normal64());
    const values = Float32Array.from({ length: count }, () => this.#uniform32());
    for (let start = 0; start + BLOCK <= count; start += BLOCK) boxMuller(values, start);
    if (count % BLOCK !== 0) {
      // The rest is not filled up: the last 16 values are drawn anew, over some that were finished.
      const start = count - BLOCK;
      for (let j = start; j < count; j++) values[j] = this.#uniform32();
      boxMuller(values, start);
    }
    return values;
  }

  /** As `torch.randint(0, range, (count,))`, for a range below 2^32. */
  below(range: number, count: number): number[] {
    return Array.from({ length: count }, () => this.#word() % range);
  }

  #normal64(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    const angle = 2 * Math.PI * this.#uniform64();
    const radius = Math.sqrt(-2 * Math.log1p(-this.#uniform64()));
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** 24 random bits as a fraction. */
  #uniform32(): number {
    return (this.#word() & 0xffffff) / 2 ** 24;
  }

  /** 53 random bits as a fraction, the first word being the high one. */
  #uniform64(): number {
    const high = this.#word() & 0x1fffff;
    return (high * 2 ** 32 + this.#word()) / 2 ** 53;
  }

  #word(): number {
    if (this.#next === WORDS) this.#twist();
    let y = this.#state[this.#next++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let j = 0; j < WORDS; j++) {
      const y = (state[j]! & 0x80000000) | (state[(j + 1) % WORDS]! & 0x7fffffff);
      state[j] = state[(j + SHIFT) % WORDS]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}

/** Turns 16 uniforms into normals in place: the first eight give radii, the other eight angles. */
function boxMuller(values: Float32Array, start: number): void {
  const f = Math.fround;
  for (let j = start; j < start + BLOCK / 2; j++) {
    const radius = f(Math.sqrt(f(-2 * log32(1 - values[j]!))));
    const { sin, cos } = sinCos32(f(TWO_PI * values[j + BLOCK / 2]!));
    values[j] = radius * cos;
    values[j + BLOCK / 2] = radius * sin;
  }
}
