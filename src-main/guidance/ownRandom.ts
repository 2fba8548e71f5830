/** The random numbers of a method: a generator of its own, whose position is part of what the method carries. */
import { invariant } from "../wire/errors.ts";
import type { Seed } from "../scene/scene.ts";
import { TorchGenerator } from "../sampling/random.ts";
import type { MethodState } from "./method.ts";

/** The state of a generator that has drawn nothing. */
export function beginRandom(seed: Seed): MethodState {
  return stateOf(new TorchGenerator(seed));
}

/** Draws from the generator in `state`, and moves it on there. */
export function drawFrom<Drawn>(state: MethodState, draw: (generator: TorchGenerator) => Drawn): Drawn {
  const [words, rest] = state["random"] ?? [];
  invariant(words && rest, "a method that draws has no generator in its state");
  const [used, spare] = rest;
  const generator = TorchGenerator.at({ words: Uint32Array.from(words), used: used!, spare });
  invariant(generator, "the generator in a method's state cannot be");
  const drawn = draw(generator);
  Object.assign(state, stateOf(generator));
  return drawn;
}

/** 32-bit words and their count as float64, which holds them exactly. */
function stateOf(generator: TorchGenerator): MethodState {
  const { words, used, spare } = generator.position();
  return { random: [Float64Array.from(words), Float64Array.from(spare === undefined ? [used] : [used, spare])] };
}
