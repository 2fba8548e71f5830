/** The part of the store's contract by which results are gathered and found. */
import type { Method } from "../scene/methods.ts";

export const LABEL_KINDS = ["collection", "tag"] as const;

/** What gathers results across runs: a collection, or a tag. A result can have several of both. */
export interface Label {
  id: number;
  kind: (typeof LABEL_KINDS)[number];
  name: string;
  /** Kept results that have it. */
  results: number;
}

/** What results can be filtered by in this project, what most runs have first. */
export interface Facets {
  models: string[];
  methods: Method[];
  /** What boxes are tied to, in small letters. */
  phrases: string[];
}

/** Calls of the store; see store.ts. */
export interface FindingCalls {
  /** Collections, then tags, by name. */
  listLabels(): Promise<Label[]>;
  /** Makes it, or gives the one of this name. */
  makeLabel(request: Pick<Label, "kind" | "name">): Promise<Label>;
  /** Refused where another has that name. */
  renameLabel(request: Pick<Label, "id" | "name">): Promise<void>;
  /** Results stay. It can be undeleted until the project is closed. */
  deleteLabel(request: { id: number }): Promise<void>;
  undeleteLabel(request: { id: number }): Promise<void>;
  /** Puts results into a collection, or a tag on them, or takes that back; resolves to those that were otherwise before. */
  labelResults(request: { id: number; ids: number[]; on: boolean }): Promise<number[]>;
  /** Which of these results have which labels; those that none of them has are left out. */
  labelsOf(request: { ids: number[] }): Promise<{ id: number; results: number[] }[]>;
  facets(): Promise<Facets>;
}
