/** What is said of where a run came from. */
import type { RunOrigin } from "@api/store.ts";

const WORDS: Record<RunOrigin["how"], [ofRun: string, ofPicture: string]> = {
  scene: ["from the scene of an earlier run", "from the scene of a picture"],
  layout: ["another layout of an earlier run", "the noise of a picture in another layout"],
  variation: ["variations of an earlier run", "variations of a picture"],
  redraw: ["a part of an earlier run drawn anew", "a part of a picture drawn anew"],
  enlarge: ["an earlier run enlarged", "a picture enlarged"],
  picture: ["drawn from an earlier run", "drawn from a picture"],
};

export function saysOrigin({ how, result }: RunOrigin): string {
  return WORDS[how][result === null ? 0 : 1];
}
