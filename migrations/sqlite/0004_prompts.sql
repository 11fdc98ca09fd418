CREATE TABLE prompts (
    id BLOB PRIMARY KEY NOT NULL,
    project_id BLOB NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    UNIQUE (project_id, name)
);

CREATE TABLE prompt_versions (
    id BLOB PRIMARY KEY NOT NULL,
    prompt_id BLOB NOT NULL REFERENCES prompts (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    system TEXT NOT NULL,
    note TEXT NOT NULL,
    created_by BLOB REFERENCES users (id),
    created_at TEXT NOT NULL,
    UNIQUE (prompt_id, number)
);
