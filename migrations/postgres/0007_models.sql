CREATE TABLE models (
    id UUID PRIMARY KEY NOT NULL,
    project_id UUID NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    UNIQUE (project_id, name)
);

CREATE TABLE model_versions (
    id UUID PRIMARY KEY NOT NULL,
    model_id UUID NOT NULL REFERENCES models (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('base', 'adapter')),
    path TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    description TEXT NOT NULL,
    base_id UUID REFERENCES model_versions (id),
    run_id UUID,
    prompt_version_id UUID REFERENCES prompt_versions (id),
    created_by UUID REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (model_id, number),
    CHECK ((kind = 'adapter') = (base_id IS NOT NULL))
);
