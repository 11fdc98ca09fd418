CREATE TABLE models (
    id BLOB PRIMARY KEY NOT NULL,
    project_id BLOB NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    UNIQUE (project_id, name)
);

CREATE TABLE model_versions (
    id BLOB PRIMARY KEY NOT NULL,
    model_id BLOB NOT NULL REFERENCES models (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('base', 'adapter')),
    path TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    description TEXT NOT NULL,
    base_id BLOB REFERENCES model_versions (id),
    run_id BLOB,
    prompt_version_id BLOB REFERENCES prompt_versions (id),
    created_by BLOB REFERENCES users (id),
    created_at TEXT NOT NULL,
    UNIQUE (model_id, number),
    CHECK ((kind = 'adapter') = (base_id IS NOT NULL))
);
