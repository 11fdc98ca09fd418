-- A row's content, stored once: what is trained on, by the hash of its canonical JSON. The id grows
-- with time, so that what refers to it stays in the order in which it was written.
CREATE TABLE row_contents (
    id INTEGER PRIMARY KEY NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('completion', 'conversation', 'preference', 'unpaired', 'text')),
    prompt_key BIGINT NOT NULL,
    content TEXT NOT NULL
);

-- An ordered list of rows, cut into segments: the draft of a dataset, or what a version has frozen.
CREATE TABLE row_lists (
    id BLOB PRIMARY KEY NOT NULL,
    revision BIGINT NOT NULL,
    row_count BIGINT NOT NULL,
    next_number BIGINT NOT NULL
);

CREATE TABLE datasets (
    id BLOB PRIMARY KEY NOT NULL,
    project_id BLOB NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    draft_id BLOB NOT NULL REFERENCES row_lists (id),
    cut_revision BIGINT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (project_id, name)
);

CREATE TABLE dataset_versions (
    id BLOB PRIMARY KEY NOT NULL,
    dataset_id BLOB NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    list_id BLOB NOT NULL REFERENCES row_lists (id),
    parent BIGINT,
    note TEXT NOT NULL,
    content_hash BLOB NOT NULL,
    validation_share REAL NOT NULL,
    seed BIGINT NOT NULL,
    split_start BIGINT NOT NULL,
    split_length BIGINT NOT NULL,
    counts TEXT NOT NULL,
    created_by BLOB,
    created_at TEXT NOT NULL,
    UNIQUE (dataset_id, number)
);

CREATE TABLE uploads (
    id BLOB PRIMARY KEY NOT NULL,
    project_id BLOB NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    file_name TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX uploads_by_project ON uploads (project_id, id);

-- An import keeps its place in the file, so that it goes on there after a crash. Its upload is gone
-- when it has ended.
CREATE TABLE imports (
    id BLOB PRIMARY KEY NOT NULL,
    dataset_id BLOB NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    job_id BLOB NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    upload_id BLOB NOT NULL,
    file_name TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    format TEXT NOT NULL CHECK (format IN ('jsonl', 'json', 'csv')),
    mapping TEXT NOT NULL,
    default_coverage TEXT NOT NULL
        CHECK (default_coverage IN ('typical', 'edge', 'adversarial', 'negative')),
    skip_duplicates BOOLEAN NOT NULL,
    next_byte BIGINT NOT NULL,
    next_line BIGINT NOT NULL,
    next_record BIGINT NOT NULL,
    imported BIGINT NOT NULL,
    duplicates BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    taken_back BOOLEAN NOT NULL,
    created_by BLOB,
    created_at TEXT NOT NULL
);
CREATE INDEX imports_by_dataset ON imports (dataset_id, id);

CREATE TABLE import_rejections (
    import_id BLOB NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    record BIGINT NOT NULL,
    line BIGINT NOT NULL,
    reason TEXT NOT NULL,
    excerpt TEXT NOT NULL,
    PRIMARY KEY (import_id, record)
) WITHOUT ROWID;

-- A frozen segment belongs to a version and never changes; a draft copies it before an edit.
CREATE TABLE segments (
    id BLOB PRIMARY KEY NOT NULL,
    import_id BLOB REFERENCES imports (id) ON DELETE SET NULL,
    frozen BOOLEAN NOT NULL
);
CREATE INDEX segments_by_import ON segments (import_id);

CREATE TABLE list_segments (
    list_id BLOB NOT NULL REFERENCES row_lists (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    segment_id BLOB NOT NULL REFERENCES segments (id),
    PRIMARY KEY (list_id, number)
) WITHOUT ROWID;
CREATE INDEX list_segments_by_segment ON list_segments (segment_id, list_id);

CREATE TABLE segment_rows (
    segment_id BLOB NOT NULL REFERENCES segments (id) ON DELETE CASCADE,
    place BIGINT NOT NULL,
    row_id BIGINT NOT NULL REFERENCES row_contents (id),
    coverage TEXT NOT NULL CHECK (coverage IN ('typical', 'edge', 'adversarial', 'negative')),
    source TEXT NOT NULL
        CHECK (source IN ('imported', 'written', 'generated', 'corrected', 'production', 'judgement')),
    attributes TEXT NOT NULL,
    PRIMARY KEY (segment_id, place)
) WITHOUT ROWID;
CREATE INDEX segment_rows_by_row ON segment_rows (row_id, segment_id);
