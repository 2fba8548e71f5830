/** The words that were chosen for a picture are in its record, in the lists, and back from a file. */
import { expect, onTestFinished, test } from "vitest";
import { newProject, sampleResult, sampleScene } from "../support/projects.ts";

test("a list says which alternative each picture is", () => {
  const project = newProject();
  onTestFinished(() => project.close());
  const { results } = project;
  const { id: runId } = results.beginRun(sampleScene("a {black|white} cat on a mat"), "sd", 2);
  const drawn = sampleScene("a white cat on a mat");
  const plain = sampleResult(runId, "5", drawn);
  const one = results.addResult({ ...plain, record: { ...plain.record, alternative: "white" } });
  const other = results.addResult(plain);
  expect([one.alternative, other.alternative]).toEqual(["white", null]);
  const { results: listed } = results.listResults({ runId, order: "oldest", offset: 0, limit: 10 });
  expect(listed.map(({ alternative }) => alternative)).toEqual(["white", null]);
  expect(results.readResult(one.id).record).toMatchObject({ alternative: "white", scene: drawn });
});
