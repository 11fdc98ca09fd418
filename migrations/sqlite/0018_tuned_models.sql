-- As in 0014, only the schema's own text changes: nothing of a CHECK is stored with the rows.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
    SET sql = replace(sql, '''adapter'', ''reward''))', '''adapter'', ''tuned'', ''reward''))')
    WHERE type = 'table' AND name = 'model_versions';
PRAGMA writable_schema = RESET;
-- Any change of a table tells connections that are open to read the schema anew.
CREATE TABLE schema_changed (changed INTEGER);
DROP TABLE schema_changed;
