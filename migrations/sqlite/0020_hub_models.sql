-- As in 0014, only the schema's own text changes: nothing of a CHECK is stored with the rows.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
    SET sql = replace(sql, 'IN (''training_run''', 'IN (''model_download'', ''training_run''')
    WHERE type = 'table' AND name = 'jobs';
PRAGMA writable_schema = RESET;

-- For a base from a hub: its name there with the commit.
ALTER TABLE model_versions ADD COLUMN hub TEXT;
