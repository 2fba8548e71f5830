/** The goldens of Stable Diffusion 1, 2 and XL, each as a diffusers folder and as an original single file (test/goldens/single-file). */
import type { Checkpoint } from "../../src-main/checkpoint/checkpoint.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import type { FamilyConstants } from "../../src-main/checkpoint/single/configs.ts";
import type { Family } from "../../src-main/checkpoint/single/family.ts";

export const GOLDENS = "test/goldens/single-file";
export const FAMILIES: readonly Family[] = ["sd1", "sd2", "sdxl"];

/** What shapes do not tell, as small as these networks are. */
export const TINY_CONSTANTS: Record<Family, Partial<FamilyConstants>> = {
  sd1: { heads: { count: 2 }, textHeadWidth: 8, unetGroups: 4, vaeGroups: 4 },
  sd2: { heads: { width: 8 }, textHeadWidth: 8, unetGroups: 4, vaeGroups: 4 },
  sdxl: { heads: { width: 8 }, textHeadWidth: 8, unetGroups: 4, vaeGroups: 4 },
};

export function openGolden(family: Family, form: "folder" | "single"): Promise<Checkpoint> {
  return form === "folder"
    ? openCheckpoint(`${GOLDENS}/tiny-${family}`)
    : openCheckpoint(`${GOLDENS}/tiny-${family}.single.safetensors`, { constants: TINY_CONSTANTS[family] });
}
