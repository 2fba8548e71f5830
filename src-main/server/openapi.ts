/**
 * The description of the server for programs that make clients (OpenAPI 3.1): scenes by the JSON Schema of scene files, all else from the
 * schemas that requests are read by and answers are held to in tests.
 */
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { sceneFileSchema } from "../scene/jsonSchema.ts";
import { errorSchema } from "./errors.ts";
import { askSchema, eventSchemas, modelsSchema, pictureSchema, runSchema } from "./messages.ts";

type Json = Record<string, unknown>;

/** `$schema` is for documents of their own. */
function withoutSchema(schema: Json): Json {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== "$schema"));
}

function schemaOf(schema: v.GenericSchema): Json {
  return withoutSchema(toJsonSchema(schema, { target: "draft-2020-12", errorMode: "throw" }) as Json);
}

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const json = (description: string, schema: Json, headers?: Json): Json => ({
  description,
  ...(headers ? { headers } : {}),
  content: { "application/json": { schema } },
});
const refused = (description: string): Json => json(description, ref("Error"));
const REFUSALS: Json = {
  "401": refused("The token is missing or wrong."),
  "403": refused("A page of another place asks."),
  "421": refused("It was asked for by a name that is not this server’s."),
  "429": refused("Too many wrong tokens, or too much to draw: wait for Retry-After seconds."),
};
const inPath = (name: string, description: string, pattern: string): Json => {
  return { name, in: "path", required: true, description, schema: { type: "string", pattern } };
};
const RUN_ID = inPath("id", "Of the run.", "^[A-Za-z0-9-]{1,100}$");
const NO_RUN = { "404": refused("There is no such run (any more).") };

function queryParameters(): Json[] {
  const { properties = {} } = schemaOf(askSchema) as { properties?: Record<string, Json> };
  return Object.entries(properties).map(([name, { description, ...schema }]) => {
    return { name, in: "query", required: false, description, schema };
  });
}

export function openApi(version: string): Json {
  const events = Object.entries(eventSchemas).map(([name, schema]) => [`Event.${name}`, schemaOf(schema)] as const);
  return {
    openapi: "3.1.0",
    info: {
      title: "Diorama",
      version,
      license: { name: "MIT", identifier: "MIT" },
      description: "Draws scenes: a prompt whose phrases are tied to boxes.",
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }],
    paths: {
      "/v1/scenes": {
        post: {
          operationId: "beginRun",
          summary: "Draw a scene. The body is a scene file as it is.",
          parameters: queryParameters(),
          requestBody: { required: true, content: { "application/json": { schema: ref("Scene") } } },
          responses: {
            "202": json("It is drawn in its turn.", ref("Run"), {
              Location: { description: "The run’s own address.", schema: { type: "string" } },
            }),
            "400": refused("The body is no JSON, or what stands behind ? is wrong."),
            "413": refused("The body is too large."),
            "415": refused("The body is not sent as JSON."),
            "422": refused("The scene is wrong, or names what is not here."),
            ...REFUSALS,
          },
        },
      },
      "/v1/runs/{id}": {
        parameters: [RUN_ID],
        get: {
          operationId: "getRun",
          summary: "How far a run is.",
          responses: { "200": json("The run.", ref("Run")), ...NO_RUN, ...REFUSALS },
        },
        delete: {
          operationId: "cancelRun",
          summary: "Stop a run within one step. Pictures that are drawn stay.",
          responses: { "200": json("The run as it was.", ref("Run")), ...NO_RUN, ...REFUSALS },
        },
      },
      "/v1/runs/{id}/events": {
        parameters: [RUN_ID],
        get: {
          operationId: "followRun",
          summary: "What happens in a run, as server-sent events until it ends.",
          description: `Each event’s data is one of ${events.map(([name]) => name).join(", ")}.`,
          parameters: [
            {
              name: "Last-Event-ID",
              in: "header",
              description: "The last event that was seen: what came behind it is told again.",
              schema: { type: "string", pattern: "^\\d{1,15}$" },
            },
          ],
          responses: {
            "200": {
              description: "The events.",
              content: { "text/event-stream": { schema: { oneOf: events.map(([name]) => ref(name)) } } },
            },
            "204": { description: "The run has ended, and its last event was seen." },
            ...NO_RUN,
            ...REFUSALS,
          },
        },
      },
      "/v1/pictures/{hash}": {
        parameters: [inPath("hash", "Of the picture’s file, as a run tells it.", "^[0-9a-f]{64}$")],
        get: {
          operationId: "getPicture",
          summary: "A picture with everything needed to make it again in it.",
          responses: {
            "200": {
              description: "The picture.",
              headers: { ETag: { description: "The hash, strong.", schema: { type: "string" } } },
              content: { "image/png": { schema: { type: "string", contentMediaType: "image/png" } } },
            },
            "304": { description: "The client has it already." },
            "404": refused("It is not kept (any more)."),
            ...REFUSALS,
          },
        },
      },
      "/v1/models": {
        get: {
          operationId: "listModels",
          summary: "The checkpoints that can be asked for.",
          responses: { "200": json("What is known so far.", ref("Models")), ...REFUSALS },
        },
      },
      "/v1/openapi.json": {
        get: {
          operationId: "describe",
          summary: "This description.",
          responses: { "200": json("OpenAPI 3.1.", { type: "object" }), ...REFUSALS },
        },
      },
    },
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "The token of the file that the server names." },
      },
      schemas: {
        Scene: withoutSchema(sceneFileSchema()),
        Run: schemaOf(runSchema),
        Picture: schemaOf(pictureSchema),
        Models: schemaOf(modelsSchema),
        Error: schemaOf(errorSchema),
        ...Object.fromEntries(events),
      },
    },
  };
}
