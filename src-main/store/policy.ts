/**
 * How each call of the store is made, whose process may die in the middle of it, or fall silent. What a call changed before the process
 * died is on disk, or did not happen.
 */
import type { StoreApi } from "../api/store.ts";

export type Trait =
  /** Making it twice is no different from making it once: when the process dies it is made again, to the one that takes its place. */
  | "again"
  /** It makes sense without the project, and so does not fail where that cannot be opened again. */
  | "alone"
  /** It reads or writes all of a project, whose disk may be slow. */
  | "long";

/** By method; one without a row does not compile. */
const TRAITS: Readonly<Record<keyof StoreApi, readonly Trait[]>> = {
  createProject: ["alone"],
  openProject: ["again", "alone"],
  closeProject: ["again", "alone", "long"],
  currentProject: ["again"],
  copyProject: ["long"],
  verifyProject: ["again", "long"],
  readDraft: ["again"],
  saveDraft: ["again"],
  nameVersion: [],
  listVersions: ["again"],
  restoreVersion: [],
  readVersion: ["again"],
  renameVersion: ["again"],
  deleteVersion: ["again"],
  undeleteVersion: ["again"],
  beginRun: [],
  addResult: [],
  setPooled: ["again"],
  readPooled: ["again"],
  finishResult: ["again"],
  keepState: ["again"],
  readState: ["again"],
  dropState: ["again"],
  wantFinished: ["again"],
  resumeRun: ["again"],
  unfinishedRuns: ["again"],
  leaveUnfinished: ["again"],
  stateRoom: ["again"],
  letGoStates: [],
  takeBackStates: ["again"],
  endRun: ["again"],
  listRuns: ["again"],
  readRun: ["again"],
  findDrawn: ["again"],
  listResults: ["again"],
  readResult: ["again"],
  readPicture: ["again"],
  readAttention: ["again"],
  markResults: ["again"],
  emptyBin: [],
  saveGrid: [],
  beginGridRuns: [],
  listGrids: ["again"],
  readGrid: ["again"],
  unfinishedGrids: ["again"],
  findCells: ["again"],
  renameGrid: ["again"],
  deleteGrid: ["again"],
  undeleteGrid: ["again"],
  readQueue: ["again"],
  writeQueue: ["again"],
  listLabels: ["again"],
  makeLabel: ["again"],
  renameLabel: ["again"],
  deleteLabel: ["again"],
  undeleteLabel: ["again"],
  labelResults: [],
  labelsOf: ["again"],
  facets: ["again"],
  keepStart: ["again"],
  readStart: ["again"],
  startThumbnail: ["again"],
  startInfo: ["again"],
  refillBin: ["again"],
  importPicture: [],
  findPictures: ["again"],
  recentProjects: ["again", "alone"],
  knownModels: ["again", "alone"],
  rememberModel: ["again", "alone"],
  forgetModel: ["again", "alone"],
  knownHash: ["again", "alone"],
  rememberHash: ["again", "alone"],
  readPreferences: ["again", "alone"],
  writePreferences: ["again", "alone"],
};

export function is(method: keyof StoreApi, trait: Trait): boolean {
  return TRAITS[method].includes(trait);
}
