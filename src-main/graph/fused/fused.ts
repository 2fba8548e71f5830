/**
 * Finished programs in operators that a provider has beside ONNX's own. What is computed stays the same but for rounding; nobody who builds
 * or differentiates a program sees any of it.
 */
import type { Graph } from "../graph.ts";
import { type ChannelsLast, withChannelsLast } from "./channelsLast.ts";
import { withPackedAttention } from "./packedAttention.ts";
import { withSplitGelu } from "./splitGelu.ts";

/** What there is to rewrite to, each with what a provider can do of it. */
export interface FusedForms {
  splitGelu?: (width: number) => boolean;
  packedAttention?: true;
  channelsLast?: ChannelsLast;
}

export function withFused(graph: Graph, { splitGelu, packedAttention, channelsLast }: FusedForms): Graph {
  let program = graph;
  if (splitGelu) program = withSplitGelu(program, splitGelu);
  if (packedAttention) program = withPackedAttention(program);
  if (channelsLast) program = withChannelsLast(program, channelsLast);
  return program;
}
