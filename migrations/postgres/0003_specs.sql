CREATE TABLE spec_versions (
    id UUID PRIMARY KEY NOT NULL,
    project_id UUID NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    note TEXT NOT NULL,
    clause_count BIGINT NOT NULL,
    created_by UUID REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (project_id, number)
);

CREATE TABLE spec_clauses (
    spec_version_id UUID NOT NULL REFERENCES spec_versions (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    text TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('format', 'instruction', 'knowledge', 'safety', 'style')),
    priority TEXT NOT NULL CHECK (priority IN ('must', 'should', 'could')),
    good_examples TEXT NOT NULL,
    bad_examples TEXT NOT NULL,
    checks TEXT NOT NULL,
    PRIMARY KEY (spec_version_id, position),
    UNIQUE (spec_version_id, key)
);
