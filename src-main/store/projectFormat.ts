/** The form of a `.diorama` file, step by step. A released step is never edited: the next change is a new step. */
import type { Format } from "./database.ts";

export const PROJECT_FORMAT: Format = {
  noun: "Diorama project",
  applicationId: 0x44696f72, // "Dior"
  kind: "document",
  migrations: [
    {
      name: "project, versions, runs, results and their pictures",
      sql: `
        CREATE TABLE version (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          name TEXT NOT NULL,
          automatic INTEGER NOT NULL CHECK (automatic IN (0, 1)),
          created TEXT NOT NULL,
          document TEXT NOT NULL CHECK (json_valid(document))
        ) STRICT;

        -- One row: the draft is autosaved here and nowhere else, so it can never replace a named version.
        CREATE TABLE project (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          created TEXT NOT NULL,
          draft TEXT NOT NULL CHECK (json_valid(draft)),
          saved TEXT NOT NULL,
          version INTEGER REFERENCES version (id) ON DELETE SET NULL,
          in_use INTEGER NOT NULL DEFAULT 0 CHECK (in_use IN (0, 1)) -- still 1 after a crash
        ) STRICT;

        CREATE TABLE run (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          created TEXT NOT NULL,
          scene TEXT NOT NULL CHECK (json_valid(scene)),
          prompt TEXT NOT NULL,
          negative_prompt TEXT NOT NULL,
          model TEXT NOT NULL,
          asked INTEGER NOT NULL,
          outcome TEXT NOT NULL CHECK (outcome IN ('running', 'done', 'cancelled', 'failed')),
          message TEXT
        ) STRICT;

        CREATE TABLE result (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
          seed TEXT NOT NULL, -- 64 bits: more than a number of JavaScript holds
          created TEXT NOT NULL,
          width INTEGER NOT NULL,
          height INTEGER NOT NULL,
          starred INTEGER NOT NULL DEFAULT 0 CHECK (starred IN (0, 1)),
          state TEXT NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'rejected', 'binned')),
          obedience REAL,
          seconds REAL NOT NULL,
          bytes INTEGER NOT NULL,
          record TEXT NOT NULL CHECK (json_valid(record)) -- without the scene, which the run has
        ) STRICT;
        CREATE INDEX result_by_run ON result (run, state);
        CREATE INDEX result_by_state ON result (state, starred);
        CREATE INDEX result_by_obedience ON result (state, obedience DESC, id DESC);

        -- Apart from the results, so that listing those reads no picture.
        CREATE TABLE picture (
          result INTEGER PRIMARY KEY REFERENCES result (id) ON DELETE CASCADE,
          thumbnail BLOB NOT NULL,
          png BLOB NOT NULL
        ) STRICT;`,
    },
    {
      name: "search in prompts",
      sql: `
        CREATE VIRTUAL TABLE run_text USING fts5 (
          prompt, negative_prompt, content = 'run', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
        );
        INSERT INTO run_text (rowid, prompt, negative_prompt) SELECT id, prompt, negative_prompt FROM run;
        CREATE TRIGGER run_added AFTER INSERT ON run BEGIN
          INSERT INTO run_text (rowid, prompt, negative_prompt) VALUES (new.id, new.prompt, new.negative_prompt);
        END;
        CREATE TRIGGER run_deleted AFTER DELETE ON run BEGIN
          INSERT INTO run_text (run_text, rowid, prompt, negative_prompt)
          VALUES ('delete', old.id, old.prompt, old.negative_prompt);
        END;`,
    },
    {
      name: "attention of results; deletions that can be undone until the project is closed",
      sql: `
        CREATE TABLE attention (
          result INTEGER PRIMARY KEY REFERENCES result (id) ON DELETE CASCADE,
          width INTEGER NOT NULL,
          height INTEGER NOT NULL,
          regions TEXT NOT NULL CHECK (json_valid(regions)), -- ids, in the order of their maps
          maps BLOB NOT NULL -- see attentionMaps.ts
        ) STRICT;
        -- Out of the emptied bin, and deleted when the project is closed.
        ALTER TABLE result ADD COLUMN emptied INTEGER NOT NULL DEFAULT 0 CHECK (emptied IN (0, 1));
        ALTER TABLE version ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1));
        CREATE INDEX result_by_seed ON result (state, length(seed), seed, id);`,
    },
    {
      name: "the seeds that a run was asked for, so that those it owes can be drawn later",
      sql: `ALTER TABLE run ADD COLUMN seeds TEXT; -- as a person writes them; none in runs from before`,
    },
    {
      name: "scouted results, and what unfinished pictures go on from",
      sql: `
        ALTER TABLE run ADD COLUMN until INTEGER; -- scouts to this step; null: draws to the end
        ALTER TABLE result ADD COLUMN scouted INTEGER; -- what was foreseen after so many steps; null: finished
        -- To be finished: somebody asked for it.
        ALTER TABLE result ADD COLUMN wanted INTEGER NOT NULL DEFAULT 0 CHECK (wanted IN (0, 1));
        CREATE INDEX result_by_scouted ON result (run, id) WHERE scouted IS NOT NULL;
        CREATE TABLE picture_state (
          id INTEGER PRIMARY KEY,
          run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
          seed TEXT NOT NULL,
          alternative TEXT NOT NULL, -- of the prompt; '' for none
          result INTEGER UNIQUE REFERENCES result (id) ON DELETE CASCADE, -- scouted; null: in work
          step INTEGER NOT NULL,
          -- Deleted when the project is closed.
          let_go INTEGER NOT NULL DEFAULT 0 CHECK (let_go IN (0, 1)),
          data BLOB NOT NULL -- see engine/pictureState.ts
        ) STRICT;
        CREATE UNIQUE INDEX state_in_work ON picture_state (run, seed, alternative) WHERE result IS NULL;`,
    },
    {
      name: "collections and tags; what runs are found by, and what they came from; the order of the queue",
      sql: `
        CREATE TABLE label (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          kind TEXT NOT NULL CHECK (kind IN ('collection', 'tag')),
          name TEXT NOT NULL,
          -- Deleted when the project is closed.
          deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1))
        ) STRICT;
        CREATE TABLE labelled (
          label INTEGER NOT NULL REFERENCES label (id) ON DELETE CASCADE,
          result INTEGER NOT NULL REFERENCES result (id) ON DELETE CASCADE,
          PRIMARY KEY (label, result)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX label_of_result ON labelled (result);

        ALTER TABLE run ADD COLUMN method TEXT; -- of layout control; null: this run was not looked at yet
        CREATE INDEX run_by_method ON run (method);
        CREATE INDEX run_by_model ON run (model);
        CREATE TABLE run_box (
          run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
          box TEXT NOT NULL, -- its id in the scene
          phrase TEXT NOT NULL, -- in small letters
          PRIMARY KEY (run, box)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX run_by_phrase ON run_box (phrase, run);

        ALTER TABLE run ADD COLUMN origin INTEGER; -- the earlier run that it came from
        ALTER TABLE run ADD COLUMN origin_result INTEGER;
        ALTER TABLE run ADD COLUMN origin_how TEXT;
        CREATE INDEX run_by_origin ON run (origin);

        -- One row, or none.
        CREATE TABLE queue (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          paused INTEGER NOT NULL CHECK (paused IN (0, 1)),
          places TEXT NOT NULL CHECK (json_valid(places))
        ) STRICT;`,
    },
    {
      name: "grids",
      sql: `
        CREATE TABLE grid (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          created TEXT NOT NULL,
          name TEXT NOT NULL,
          scene TEXT NOT NULL CHECK (json_valid(scene)), -- what its axes change
          axes TEXT NOT NULL CHECK (json_valid(axes)), -- see scene/grid.ts
          model TEXT NOT NULL CHECK (json_valid(model)), -- as it is opened
          model_name TEXT NOT NULL, -- as its runs have it
          deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1)) -- for good when the project is closed
        ) STRICT;
        ALTER TABLE run ADD COLUMN grid INTEGER; -- draws cells of it
        CREATE INDEX run_by_grid ON run (grid) WHERE grid IS NOT NULL;`,
    },
    {
      name: "pictures that scenes go on from",
      sql: `
        CREATE TABLE start (
          hash TEXT PRIMARY KEY, -- of its pixels, as scenes have it
          thumbnail BLOB NOT NULL,
          png BLOB NOT NULL
        ) STRICT;`,
    },
    {
      name: "runs that a pool draws; a run has one picture of a seed",
      sql: `
        CREATE TABLE pooled (
          run INTEGER PRIMARY KEY REFERENCES run (id) ON DELETE CASCADE,
          name TEXT NOT NULL, -- what the pool calls it
          model TEXT NOT NULL CHECK (json_valid(model)) -- checkpoint and pool, as they are asked
        ) STRICT;
        -- Not unique: a file from before may have two.
        CREATE INDEX result_of_picture ON result (run, seed);`,
    },
  ],
};
