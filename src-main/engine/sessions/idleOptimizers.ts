/**
 * Optimizers of ONNX Runtime 1.30 that find nothing in the graphs of src-main/graph: these have no quantised numbers and no node twice, and
 * write activations, attention and normalisations as one operator each. Every one of them goes through the whole graph all the same, up to
 * three times; without them Stable Diffusion XL's network of 22,000 nodes opens in 40% of the time, and is the same program
 * (test/engine/idleOptimizers.test.ts). Only for the processor: what another provider is given may be something for them.
 */
export const IDLE_OPTIMIZERS: readonly string[] = [
  // of quantised numbers
  "DoubleQDQPairsRemover",
  "DynamicQuantizeMatMulFusion",
  "EnsureUniqueDQForNodeUnit",
  "MatMulIntegerToFloatFusion",
  "MatMulNBitsFusion",
  "QDQFinalCleanupTransformer",
  "QDQPropagationTransformer",
  "QDQS8ToU8Transformer",
  "QDQSelectorActionTransformer",
  "WeightBiasQuantization",
  "WhereDummyDq",
  // of attention as other programs write it
  "AttentionFusion",
  "EmbedLayerNormFusion",
  "GroupQueryAttentionFusion",
  "GroupQueryAttentionPreNormFusion",
  // of activations and normalisations spelled out
  "BiasDropoutFusion",
  "BiasGeluFusion",
  "BiasSkipLayerNormFusion",
  "BiasSoftmaxFusion",
  "FastGeluFusion",
  "GeluFusionL1",
  "GeluFusionL2",
  "LayerNormFusionL1",
  "LayerNormFusionL2",
  "QuickGeluFusion",
  "SimplifiedLayerNormFusion",
  "SkipLayerNormFusion",
  // of what src-main/graph does not write, or not in that way
  "FreeDimensionOverrideTransformer",
  "GatherToSliceFusion",
  "GemmActivationFusion",
  "MatMulActivationFusion",
  "MatMulAddFusion",
  "NhwcTransformer",
  "SliceConcatToSpaceToDepthFusion",
  "TransposeOptimizer_CPUExecutionProvider",
];
