-- As in 0014, only the schema's own text changes: nothing of a CHECK is stored with the rows.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
    SET sql = replace(sql, 'IN (''model_download''', 'IN (''blank_model'', ''model_download''')
    WHERE type = 'table' AND name = 'jobs';
UPDATE sqlite_schema
    SET sql = replace(replace(sql,
        'IN (''base''', 'IN (''base'', ''blank'''),
        '(kind <> ''base'') = (base_id', '(kind NOT IN (''base'', ''blank'')) = (base_id')
    WHERE type = 'table' AND name = 'model_versions';
PRAGMA writable_schema = RESET;
-- Any change of a table tells connections that are open to read the schema anew.
CREATE TABLE schema_changed (changed INTEGER);
DROP TABLE schema_changed;
