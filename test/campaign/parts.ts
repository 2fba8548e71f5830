/** The parts of the campaign by name, in the order in which they run. */
import { appKills } from "./appKills.ts";
import { autoencoders } from "./autoencoders.ts";
import { diskFull, diskReadOnly, diskVanished } from "./disks.ts";
import { hostile } from "./hostile.ts";
import { loras } from "./loras.ts";
import type { Part } from "./part.ts";
import { pictureKills } from "./pictureKills.ts";
import { pngs } from "./pngs.ts";
import { projects } from "./projects.ts";
import { safetensors } from "./safetensors.ts";
import { saveAsKills } from "./saveAsKills.ts";
import { scenes } from "./scenes.ts";
import { storeKills } from "./storeKills.ts";

export const PARTS: Record<string, Part> = {
  "kills-app": appKills,
  "kills-store": storeKills,
  "kills-picture": pictureKills,
  "kills-save-as": saveAsKills,
  "disk-full": diskFull,
  "disk-read-only": diskReadOnly,
  "disk-vanished": diskVanished,
  hostile,
  projects,
  safetensors,
  loras,
  autoencoders,
  pngs,
  scenes,
};
