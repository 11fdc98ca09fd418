-- A constraint cannot be changed, so the column is made anew.
ALTER TABLE runs RENAME COLUMN method TO old_method;
ALTER TABLE runs ADD COLUMN method TEXT NOT NULL DEFAULT 'sft'
    CHECK (method IN ('sft', 'dpo', 'orpo', 'simpo', 'kto'));
UPDATE runs SET method = old_method;
ALTER TABLE runs DROP COLUMN old_method;
