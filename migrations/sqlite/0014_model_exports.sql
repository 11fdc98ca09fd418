-- A CHECK cannot be altered. Nothing of it is stored with the rows, so only the schema's own text
-- changes, as https://sqlite.org/lang_altertable.html#otheralter has it; a new table would also
-- stand behind those that refer to it, which back-ups rely on not being so.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
    SET sql = replace(sql, '''import''))', '''import'', ''model_export''))')
    WHERE type = 'table' AND name = 'jobs';
PRAGMA writable_schema = RESET;

-- A model version in a form that other programs read. What the job made is there once it succeeded.
CREATE TABLE model_exports (
    id BLOB PRIMARY KEY NOT NULL,
    model_version_id BLOB NOT NULL REFERENCES model_versions (id) ON DELETE CASCADE,
    format TEXT NOT NULL,
    job_id BLOB NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    file_name TEXT,
    size_bytes BIGINT,
    content_hash TEXT,
    -- How far its logits are from the original's, as JSON.
    comparison TEXT,
    created_by BLOB REFERENCES users (id),
    created_at TEXT NOT NULL,
    UNIQUE (model_version_id, format)
);
