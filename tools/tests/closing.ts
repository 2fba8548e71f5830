/** What a run of the tests came to: each skipped test with its reason, and one closing line. */
import { relative } from "node:path";
import type { TestCase, TestModule, TestRunResult } from "vitest/node";
import { ROOT } from "../../test/support/imports.ts";
import { WITHOUT_ELECTRON } from "../electron/runtime.ts";
import { usesElectron } from "./needs.ts";

export interface Count {
  passed: number;
  /** Tests, files that could not be run, and errors outside of any test. */
  failed: number;
  skipped: Skipped[];
}

export interface Skipped {
  /** The file, from the project's root, and the test in it. */
  file: string;
  name: string;
  reason: string;
}

/** Counts tests; those that `pattern` (of `-t`) does not name were not asked for, and count for nothing. */
export function countOf({ testModules, unhandledErrors }: TestRunResult, pattern?: string | RegExp): Count {
  const count: Count = { passed: 0, failed: unhandledErrors.length, skipped: [] };
  for (const module of testModules) {
    if (module.errors().length > 0) count.failed++;
    for (const suite of module.children.allSuites()) count.failed += suite.errors().length > 0 ? 1 : 0;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed") count.passed++;
      else if (state === "failed") count.failed++;
      else if (isAskedFor(test, pattern)) count.skipped.push(skipped(module, test));
    }
  }
  return count;
}

export const isAnyRunning = ({ passed, failed }: Count) => passed + failed > 0;

/** Lines to end a run with; the last is `N passed, N failed, N skipped`. */
export function closing({ passed, failed, skipped }: Count): string[] {
  const reasons = Map.groupBy(skipped, ({ reason }) => reason);
  const lines = [...reasons].flatMap(([reason, tests]) => [
    `skipped: ${reason}`,
    ...[...Map.groupBy(tests, ({ file }) => file)].map(([file, its]) =>
      its.length > 3 ? `  ${file}: ${its.length} tests` : `  ${file}: ${its.map(({ name }) => name).join("; ")}`,
    ),
  ]);
  return [...lines, `${passed} passed, ${failed} failed, ${skipped.length} skipped`];
}

function isAskedFor({ fullName }: TestCase, pattern: string | RegExp | undefined): boolean {
  return pattern === undefined || new RegExp(pattern).test(fullName);
}

function skipped({ moduleId }: TestModule, test: TestCase): Skipped {
  const result = test.result();
  const note = result.state === "skipped" ? result.note : undefined;
  return { file: relative(ROOT, moduleId), name: test.name, reason: note ?? reasonOf(moduleId, test) };
}

/** Why a test that gives no reason itself was skipped. */
function reasonOf(moduleId: string, test: TestCase): string {
  const without = process.env[WITHOUT_ELECTRON];
  if (without !== undefined && usesElectron(moduleId)) return without;
  if (test.options.mode === "todo") return "it is still to be written";
  return `it is not for this system (${process.platform}-${process.arch})`;
}
