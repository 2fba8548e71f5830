/**
 * Which operators of com.microsoft the providers of onnxruntime-node 1.30 have beside ONNX's own, and which of them are used: those that
 * gave the plain operators' numbers when the provider was tried (formProbe.ts). The kernels are those of onnxruntime's contrib_ops/cuda,
 * contrib_ops/webgpu and core/providers/dml; docs/performance.md has the whole table, with what no provider has right.
 */
import type { FusedForms } from "../../graph/fused/fused.ts";
import type { ProviderName } from "../../scene/scene.ts";

/** Names the environment variable that says without trying: `plain` for none of them, `own` for all. */
export const OPERATORS = "DIORAMA_OPERATORS";

export const OWN_FORM_NAMES = ["splitGelu", "packedAttention", "channelsLast"] as const satisfies (keyof FusedForms)[];
export type OwnForm = (typeof OWN_FORM_NAMES)[number];

const OWN_FORMS: Record<ProviderName, FusedForms> = {
  cpu: {},
  coreml: {},
  cuda: {
    splitGelu: (width) => [2560, 5120, 10240].includes(width), // contrib_ops/cuda/diffusion/bias_split_gelu.cc
    packedAttention: true,
    // contrib_ops/cuda/diffusion/group_norm_impl.cu: two channels of a group to a thread, scale and bias of float32.
    channelsLast: {
      weights: "float32",
      normalises: (batch, channels, groups) => batch <= 32 && groups <= 32 && (channels / groups) % 2 === 0,
    },
  },
  dml: {
    splitGelu: () => true,
    packedAttention: true,
    channelsLast: { weights: "same", normalises: () => true },
  },
  // Takes four numbers at once, each half for itself. It has no GroupNorm, no packed attention, and lays out convolutions itself.
  webgpu: { splitGelu: (width) => width % 8 === 0 },
};

const NAMES: Record<OwnForm, string> = {
  splitGelu: "BiasSplitGelu",
  packedAttention: "packed MultiHeadAttention",
  channelsLast: "GroupNorm and NhwcConv",
};

/** What is there to be tried on a provider. */
export function ownFormsOf(provider: ProviderName): OwnForm[] {
  return Object.keys(OWN_FORMS[provider]) as OwnForm[];
}

/** What a program is rewritten to for a provider, of the forms that are `used`; undefined where there is nothing. */
export function fusedFormsOf(provider: ProviderName, used: readonly OwnForm[]): FusedForms | undefined {
  const forms = Object.entries(OWN_FORMS[provider]).filter(([form]) => used.includes(form as OwnForm));
  return forms.length === 0 ? undefined : Object.fromEntries(forms);
}

/** What trying a form came to. */
export interface FormFinding {
  form: OwnForm;
  /** Why it is not used; it is right where left out. */
  wrong?: string;
}

/** Whether forms are tried; the forms that are used without that, else. */
export function formsAsked(provider: ProviderName, asked: string | undefined): readonly OwnForm[] | "tried" {
  if (asked === "plain") return [];
  return asked === "own" || ownFormsOf(provider).length === 0 ? ownFormsOf(provider) : "tried";
}

/** Of findings, for those who ask what is used here. */
export function toldOfForms(
  provider: ProviderName,
  findings: readonly FormFinding[],
  asked: string | undefined,
): string {
  const all = ownFormsOf(provider);
  if (asked && asked !== "plain" && asked !== "own") {
    return `${OPERATORS} is "${asked}" and counts for nothing: plain or own was expected. ${toldOfForms(provider, findings, undefined)}`.trim();
  }
  if (all.length === 0) return "";
  if (asked === "plain") return `None of its own operators are used, as ${OPERATORS} says.`;
  if (asked === "own") return `Its own operators are used untried, as ${OPERATORS} says: ${listed(all)}.`;
  const [right, wrong] = [findings.filter((one) => one.wrong === undefined), findings.filter((one) => one.wrong !== undefined)]; // prettier-ignore
  const used = right.length === 0 ? [] : [`Its own operators that gave the plain ones' numbers are used: ${listed(right.map(({ form }) => form))}.`]; // prettier-ignore
  const unused = wrong.map((one) => `${NAMES[one.form]}: not used, ${one.wrong!}.`);
  return [...used, ...unused].join(" ");
}

function listed(forms: readonly OwnForm[]): string {
  const names = forms.map((form) => NAMES[form]);
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`;
}
