/** What a client is told when it is refused: a status of HTTP, and one error with the place of what is wrong. */
import * as v from "valibot";
import { isAppError, messageOf, type AppError } from "../wire/errors.ts";

/** The body of every answer that is not a success. */
export const errorSchema = v.strictObject({
  error: v.strictObject({
    code: v.pipe(v.string(), v.description("What kind of error it is, in one word.")),
    message: v.pipe(v.string(), v.description("What is wrong, and what to do.")),
    pointer: v.exactOptional(v.pipe(v.string(), v.description("JSON pointer of the first field that is wrong."))),
    line: v.exactOptional(v.pipe(v.number(), v.integer(), v.description("Line of the body where it stands, from 1."))),
    column: v.exactOptional(v.pipe(v.number(), v.integer(), v.description("Column of that line, from 1."))),
  }),
});
export type ErrorBody = v.InferOutput<typeof errorSchema>;
type Place = Partial<Pick<ErrorBody["error"], "pointer" | "line" | "column">>;

/** A request that is not served. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly code: string;
  readonly place: Place;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    code: string,
    message: string,
    { headers = {}, ...place }: Place & { headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.place = place;
    this.headers = headers;
  }

  get body(): ErrorBody {
    return { error: { code: this.code, message: this.message, ...this.place } };
  }
}

/** Statuses of errors that others throw; what is none of them is a fault of the server. */
const STATUS: Partial<Record<AppError["code"], number>> = {
  "bad-request": 400,
  "scene-invalid": 422,
  "not-found": 404,
};

export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (isAppError(error)) return new Refusal(STATUS[error.code] ?? 500, error.code, error.message);
  return new Refusal(500, "internal", `The server failed: ${messageOf(error)}`);
}
