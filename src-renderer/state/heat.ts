/** Whether the attention that is known of a picture says something of a box as it is now. */
import type { Scene } from "@scene/scene.ts";
import { type Box, type Document, phraseOf } from "./document.ts";

/** True while the box is tied to the words that it was tied to when the picture was drawn; its place does not matter. */
export function saysOf(scene: Scene, document: Pick<Document, "prompt">, box: Box): boolean {
  const region = scene.regions.find(({ id }) => id === box.id);
  return region !== undefined && phraseOf(scene.prompt, region) === phraseOf(document.prompt, box);
}
