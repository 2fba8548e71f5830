/** The description is what OpenAPI allows, and says all that the server answers. */
import { Validator as JsonValidator, type Schema } from "@cfworker/json-schema";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { openApi } from "../../src-main/server/openapi.ts";
import { ROUTES } from "../../src-main/server/routes.ts";
import { SCENE, startServer } from "./setting.ts";

test("is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(openApi("1.0.0"));
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
  expect(validator.version).toBe("3.1");
});

test("names every address and method that is answered, and no other", () => {
  const paths = openApi("1.0.0")["paths"] as Record<string, Record<string, unknown>>;
  const told = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).filter((name) => name !== "parameters").map((name) => `${name.toUpperCase()} ${path.replace(/\{\w+\}/, ":")}`),
  ); // prettier-ignore
  const served = ROUTES.flatMap(({ path, methods }) => Object.keys(methods).map((method) => `${method} ${path}`));
  expect(told.toSorted()).toEqual(served.toSorted());
});

test("its scene, run and events are those of a real run", async () => {
  const server = await startServer();
  const description = (await server.send("/v1/openapi.json")).json as unknown as { components: { schemas: Record<string, Schema> } }; // prettier-ignore
  const check = (name: string, value: unknown) => {
    const { valid, errors } = new JsonValidator(description.components.schemas[name]!, "2020-12").validate(value);
    expect(valid ? [] : errors.map(({ error }) => `${name}: ${error}`)).toEqual([]);
  };
  check("Scene", SCENE);
  const { id, json } = await server.begin();
  check("Run", json);
  for (const { name, data } of (await server.events(id)).events) check(`Event.${name}`, data);
  check("Run", (await server.send(`/v1/runs/${id}`)).json);
  check("Models", (await server.send("/v1/models")).json);
  check("Error", (await server.send("/v1/nothing")).json);
});
