/**
 * Whose turn it is: within an urgency each user has one picture in turn, whoever asked first and for however many. Start-time fair queueing
 * (Goyal, Vin and Cheng 1996) with a picture as the unit of work: the pictures of a user are numbered on from the user's last one, or from
 * the number that is being drawn now, whichever is later. Lower numbers go first, so a user who comes to a long queue is served in turn
 * with it from now on, and gains nothing by having waited.
 */
import type { Redis } from "ioredis";
import { URGENCIES, type Urgency } from "../api/pool.ts";
import { keys, STAYS } from "./keys.ts";

/** Numbers of an urgency: BullMQ knows priorities from 1 to 2^21. Beyond it, the pool was never idle, pictures are drawn as they came. */
const SPAN = 2 ** 19;

const RESERVE = `
local now = tonumber(redis.call("HGET", KEYS[1], "now") or "0")
local last = tonumber(redis.call("HGET", KEYS[1], "user:" .. ARGV[1]) or "0")
local first = math.max(now, last)
redis.call("HSET", KEYS[1], "user:" .. ARGV[1], string.format("%d", first + tonumber(ARGV[2])))
redis.call("EXPIRE", KEYS[1], ARGV[3])
return first`;

const ADVANCE = `
local now = tonumber(redis.call("HGET", KEYS[1], "now") or "0")
if tonumber(ARGV[1]) > now then redis.call("HSET", KEYS[1], "now", ARGV[1]) end`;

const GIVE_BACK = `
local now = tonumber(redis.call("HGET", KEYS[1], "now") or "0")
local last = tonumber(redis.call("HGET", KEYS[1], "user:" .. ARGV[1]) or "0")
local left = math.max(now, last - tonumber(ARGV[2]))
redis.call("HSET", KEYS[1], "user:" .. ARGV[1], string.format("%d", left))`;

/** The number of the first of `count` pictures of a user; the others follow. */
export async function reserveTurns(redis: Redis, urgency: Urgency, user: string, count: number): Promise<number> {
  return Number(await redis.eval(RESERVE, 1, keys.turns(urgency), user, count, STAYS.run));
}

/** A picture with this number is being drawn: whoever comes now comes after it. */
export async function advanceTurns(redis: Redis, urgency: Urgency, turn: number): Promise<void> {
  await redis.eval(ADVANCE, 1, keys.turns(urgency), turn);
}

/** Pictures of a user that were not drawn: the next ones need not come after them. */
export async function giveBackTurns(redis: Redis, urgency: Urgency, user: string, count: number): Promise<void> {
  await redis.eval(GIVE_BACK, 1, keys.turns(urgency), user, count);
}

/** Nothing waits: numbers begin anew. */
export async function resetTurns(redis: Redis): Promise<void> {
  await redis.del(...URGENCIES.map((urgency) => keys.turns(urgency)));
}

/** BullMQ's priority: lower goes first. */
export function priorityOf(urgency: Urgency, turn: number): number {
  return 1 + URGENCIES.indexOf(urgency) * SPAN + Math.min(turn, SPAN - 1);
}

/** The place in the whole pool's order of the first job of a queue, from the score that BullMQ keeps it by. */
export function placeOfScore(score: number): { urgency: number; turn: number } {
  const priority = Math.floor(score / 2 ** 32) - 1;
  return { urgency: Math.floor(priority / SPAN), turn: priority % SPAN };
}
