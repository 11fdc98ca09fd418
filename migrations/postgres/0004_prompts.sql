CREATE TABLE prompts (
    id UUID PRIMARY KEY NOT NULL,
    project_id UUID NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    UNIQUE (project_id, name)
);

CREATE TABLE prompt_versions (
    id UUID PRIMARY KEY NOT NULL,
    prompt_id UUID NOT NULL REFERENCES prompts (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    system TEXT NOT NULL,
    note TEXT NOT NULL,
    created_by UUID REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (prompt_id, number)
);
