/**
 * The order of test files: the longest first, so that none of them is left alone at the end, and those of the window, which wait for it half of
 * their time, among the others, which keep the cores busy.
 */
import { relative, sep } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { ROOT } from "../../test/support/imports.ts";

/** About the seconds that the longest take on two cores, three files at a time. Which of two is begun first hardly matters: this need not be exact. */
const SECONDS: Readonly<Record<string, number>> = {
  "engine/webgpuStep": 100,
  "engine/pairs": 90,
  "e2e/jobs": 85,
  "store/hostile": 80,
  "e2e/accessibility": 70,
  "e2e/accessibleStates": 70,
  "main/goingOn": 70,
  "e2e/features": 60,
  "e2e/hostile": 60,
  "engine/idleOptimizers": 60,
  "engine/shortcuts": 60,
  "packaging/package": 60,
  "graph/fused": 55,
  "evaluate/judge": 50,
  "guidance/multidiffusion": 50,
  "cli/resume": 45,
  "e2e/scout": 45,
  "engine/loras": 45,
  "engine/pictureState": 45,
  "engine/processDemo": 45,
  "engine/referenceRuns": 45,
  "engine/shapes": 45,
  "e2e/editor": 40,
  "e2e/projects": 40,
  "e2e/sideBySide": 40,
  "engine/boxWords": 40,
  "e2e/closing": 35,
  "e2e/grids": 35,
  "e2e/redraw": 35,
  "e2e/services": 35,
  "engine/words": 35,
  "e2e/pool": 30,
  "e2e/queue": 30,
  "e2e/shapes": 30,
  "engine/beginnings": 30,
  "pool/realWorkers": 30,
  "e2e/composing": 25,
  "e2e/culling": 25,
  "e2e/habits": 25,
  "e2e/loras": 25,
  "e2e/machines": 25,
  "e2e/models": 25,
  "e2e/settings": 25,
  "e2e/sheet": 25,
  "e2e/story": 25,
  "e2e/windows": 25,
  "engine/decoding": 25,
  "engine/toyMethod": 25,
  "guidance/rnb": 25,
  "e2e/boxes": 20,
  "e2e/console": 20,
  "e2e/parts": 20,
  "e2e/results": 20,
  "engine/starts": 20,
  "guidance/boxdiff": 20,
  "model/lora": 20,
  "store/saveAs": 20,
  "e2e/arranging": 15,
  "e2e/blockers": 15,
  "e2e/compare": 15,
  "e2e/files": 15,
  "e2e/presets": 15,
  "model/families": 15,
};
/** Of a file that is not named. */
const SHORT = 3;

/** The files, as paths from the project's root, in the order in which they are begun. */
export function inOrder(files: readonly string[]): string[] {
  const kinds = [files.filter(isOfWindow), files.filter((file) => !isOfWindow(file))];
  return kinds
    .flatMap(shares)
    .sort((a, b) => a.before - b.before)
    .map(({ file }) => file);
}

/** Files of one kind, the longest first, each with the share of the kind's work that comes before it: kinds that are merged by it end together. */
function shares(files: readonly string[]): { file: string; before: number }[] {
  const all = files.reduce((sum, file) => sum + secondsOf(file), 0);
  let done = 0;
  return files
    .toSorted((a, b) => secondsOf(b) - secondsOf(a))
    .map((file) => {
      const before = done / all;
      done += secondsOf(file);
      return { file, before };
    });
}

const isOfWindow = (file: string) => file.startsWith("test/e2e/");
const secondsOf = (file: string) => SECONDS[/^test\/(.*)\.test\.ts$/.exec(file)?.[1] ?? ""] ?? SHORT;

/** For vitest, which would begin with the files of the most text. */
export class LongestFirst extends BaseSequencer {
  override sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const byFile = new Map(specifications.map((one) => [relative(ROOT, one.moduleId).split(sep).join("/"), one]));
    return Promise.resolve(inOrder([...byFile.keys()]).map((file) => byFile.get(file)!));
  }
}

/** Files that are named here, from the project's root. */
export const NAMED = Object.keys(SECONDS).map((name) => `test/${name}.test.ts`);
