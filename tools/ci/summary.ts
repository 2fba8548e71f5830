/** Prints what vitest's JSON report counted as one line, `N passed, N failed`; a file that could not be run counts as failed. */
import { readFileSync } from "node:fs";

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: unknown[] }[];
}

const file = process.argv[2];
if (file === undefined) throw new Error("usage: summary.ts <report.json>");
const text = readFileSync(file, "utf8");
if (text === "") {
  process.stdout.write("vitest ended without a report\n0 passed, 1 failed\n");
  process.exit(1);
}
const report = JSON.parse(text) as Report;
const brokenFiles = report.testResults.filter(
  ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
);
const failed = report.numFailedTests + brokenFiles.length;
const skipped = report.numPendingTests + report.numTodoTests;
if (skipped > 0) process.stdout.write(`${skipped} skipped: they need what this machine lacks\n`);
process.stdout.write(`${report.numPassedTests} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || report.numPassedTests === 0 ? 1 : 0;
