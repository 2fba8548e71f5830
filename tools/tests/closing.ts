/** What a run of the tests came to: each skipped test with its reason, and one closing line. */
import { relative } from "node:path";
import type { TestCase, TestModule, TestRunResult, TestSuite } from "vitest/node";
import { ROOT } from "../../test/support/imports.ts";
import { WITHOUT_ELECTRON } from "../electron/runtime.ts";
import { usesElectron, usesRedis } from "./needs.ts";
import { WITHOUT_REDIS } from "./redis.ts";

export interface Count {
  passed: number;
  /** Tests, also those of `unprepared`, files that could not be run, and errors outside of any test. */
  failed: number;
  /** Tests that were not run because what comes before them failed. */
  unprepared: Left[];
  skipped: Left[];
}

/** A test that was not run. */
export interface Left {
  /** The file, from the project's root, and the test in it. */
  file: string;
  name: string;
  reason: string;
}

/** Counts tests; those that `pattern` (of `-t`) does not name were not asked for, and count for nothing. */
export function countOf({ testModules, unhandledErrors }: TestRunResult, pattern?: string | RegExp): Count {
  const count: Count = { passed: 0, failed: unhandledErrors.length, unprepared: [], skipped: [] };
  for (const module of testModules) {
    const failures = new Set([module, ...module.children.allSuites()].filter((one) => one.errors().length > 0));
    const explained = new Set<TestModule | TestSuite>();
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      const before = around(test).find((one) => failures.has(one));
      if (state === "passed") count.passed++;
      else if (state === "failed") count.failed++;
      else if (!isAskedFor(test, pattern)) continue;
      else if (before && test.options.mode === "run") {
        explained.add(before);
        count.unprepared.push(
          left(module, test, `its ${before.type === "module" ? "file" : "group"} could not be prepared`),
        );
      } else count.skipped.push(left(module, test, noteOf(test) ?? reasonOf(module.moduleId, test)));
    }
    for (const failure of failures) if (!explained.has(failure)) count.failed++;
  }
  count.failed += count.unprepared.length;
  return count;
}

export const isAnyRunning = ({ passed, failed }: Count) => passed + failed > 0;

/** Lines to end a run with; the last is `N passed, N failed, N skipped`. */
export function closing({ passed, failed, unprepared, skipped }: Count): string[] {
  return [
    ...listed("not run", unprepared),
    ...listed("skipped", skipped),
    `${passed} passed, ${failed} failed, ${skipped.length} skipped`,
  ];
}

/** By reason, and under it by file. */
function listed(what: string, all: readonly Left[]): string[] {
  return [...Map.groupBy(all, ({ reason }) => reason)].flatMap(([reason, tests]) => [
    `${what}: ${reason}`,
    ...[...Map.groupBy(tests, ({ file }) => file)].map(([file, its]) =>
      its.length > 3 ? `  ${file}: ${its.length} tests` : `  ${file}: ${its.map(({ name }) => name).join("; ")}`,
    ),
  ]);
}

/** The groups that a test is in, the innermost first, and its file. */
function around({ parent }: TestCase | TestSuite): (TestModule | TestSuite)[] {
  return parent.type === "module" ? [parent] : [parent, ...around(parent)];
}

function isAskedFor({ fullName }: TestCase, pattern: string | RegExp | undefined): boolean {
  return pattern === undefined || new RegExp(pattern).test(fullName);
}

function left({ moduleId }: TestModule, test: TestCase, reason: string): Left {
  return { file: relative(ROOT, moduleId), name: test.name, reason };
}

/** What the test itself said when it was skipped. */
function noteOf(test: TestCase): string | undefined {
  const result = test.result();
  return result.state === "skipped" ? result.note : undefined;
}

/** Why a test that gives no reason itself was skipped. */
function reasonOf(moduleId: string, test: TestCase): string {
  const without = process.env[WITHOUT_ELECTRON];
  if (without !== undefined && usesElectron(moduleId)) return without;
  const withoutRedis = process.env[WITHOUT_REDIS];
  if (withoutRedis !== undefined && usesRedis(moduleId)) return withoutRedis;
  if (test.options.mode === "todo") return "it is still to be written";
  return `it is not for this system (${process.platform}-${process.arch})`;
}
